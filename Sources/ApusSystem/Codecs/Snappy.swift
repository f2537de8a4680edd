internal import CSnappy

/// Snappy's block format (not the framed one): WAL records and remote write.
package enum Snappy {
  /// Appends the compressed bytes.
  package static func compress(_ bytes: Span<UInt8>, into output: inout ByteWriter) {
    let most = snappy_max_compressed_length(bytes.count)
    unsafe output.appendUnsafe(atMost: most) { room in
      unsafe bytes.withUnsafeBytes { raw in
        var written = most
        let from = unsafe raw.baseAddress?.assumingMemoryBound(to: CChar.self)
        let to = unsafe room.baseAddress?.assumingMemoryBound(to: CChar.self)
        let status = unsafe snappy_compress(from, raw.count, to, &written)
        precondition(status == SNAPPY_OK, "snappy refused its own buffer size")
        return written
      }
    }
  }

  package static func compress(_ bytes: [UInt8]) -> [UInt8] {
    var output = ByteWriter(capacityBytes: bytes.count)
    compress(bytes.span, into: &output)
    return output.array()
  }

  /// Appends the expanded bytes; nothing is appended on error.
  package static func expand(
    _ bytes: Span<UInt8>, maxBytes: Int, into output: inout ByteWriter
  ) throws(CodecError) {
    let size = try expandedBytes(bytes)
    guard size <= maxBytes else { throw .tooLarge(codec: "snappy", limitBytes: maxBytes) }
    unsafe try output.appendUnsafe(atMost: size) { room throws(CodecError) in
      var written = size
      let status = unsafe bytes.withUnsafeBytes { raw in
        unsafe snappy_uncompress(
          raw.baseAddress?.assumingMemoryBound(to: CChar.self), raw.count,
          room.baseAddress?.assumingMemoryBound(to: CChar.self), &written)
      }
      guard status == SNAPPY_OK else {
        throw .corrupt(codec: "snappy", reason: "invalid block")
      }
      return written
    }
  }

  package static func expand(_ bytes: [UInt8], maxBytes: Int) throws(CodecError) -> [UInt8] {
    var output = ByteWriter()
    try expand(bytes.span, maxBytes: maxBytes, into: &output)
    return output.array()
  }

  /// The size that the block says it expands to.
  package static func expandedBytes(_ bytes: Span<UInt8>) throws(CodecError) -> Int {
    var size = 0
    let status = unsafe bytes.withUnsafeBytes { raw in
      unsafe snappy_uncompressed_length(
        raw.baseAddress?.assumingMemoryBound(to: CChar.self), raw.count, &size)
    }
    // No byte of input makes more than 64 bytes of output: a larger claim is a lie, and must not
    // make us allocate.
    guard status == SNAPPY_OK, size >= 0, size <= bytes.count * 64 + 64 else {
      throw .corrupt(codec: "snappy", reason: "impossible length")
    }
    return size
  }
}
