internal import CLZ4

/// LZ4's block format. A block does not say how large it expands: the caller keeps that.
package enum LZ4 {
  /// The most bytes that one block may hold.
  package static let blockBytesMax = 0x7E00_0000

  /// Appends the compressed bytes.
  package static func compress(_ bytes: Span<UInt8>, into output: inout ByteWriter) {
    precondition(bytes.count <= blockBytesMax, "block of \(bytes.count) bytes")
    let most = Int(LZ4_compressBound(Int32(bytes.count)))
    unsafe output.appendUnsafe(atMost: most) { room in
      let written = unsafe bytes.withUnsafeBytes { raw in
        unsafe LZ4_compress_default(
          raw.baseAddress?.assumingMemoryBound(to: CChar.self),
          room.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(raw.count), Int32(most))
      }
      precondition(written > 0, "lz4 refused its own buffer size")
      return Int(written)
    }
  }

  package static func compress(_ bytes: [UInt8]) -> [UInt8] {
    var output = ByteWriter(capacityBytes: bytes.count)
    compress(bytes.span, into: &output)
    return output.array()
  }

  /// Appends the expanded bytes; nothing is appended on error, such as more than `maxBytes`.
  package static func expand(
    _ bytes: Span<UInt8>, maxBytes: Int, into output: inout ByteWriter
  ) throws(CodecError) {
    guard bytes.count <= blockBytesMax else {
      throw .tooLarge(codec: "lz4", limitBytes: blockBytesMax)
    }
    // A byte of input never makes more than 255 of output.
    let most = min(maxBytes, bytes.count * 255 + 64, blockBytesMax)
    unsafe try output.appendUnsafe(atMost: most) { room throws(CodecError) in
      let written = unsafe bytes.withUnsafeBytes { raw in
        unsafe LZ4_decompress_safe(
          raw.baseAddress?.assumingMemoryBound(to: CChar.self),
          room.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(raw.count), Int32(most))
      }
      guard written >= 0 else {
        throw .corrupt(codec: "lz4", reason: "invalid block, or more than \(maxBytes) bytes")
      }
      return Int(written)
    }
  }

  package static func expand(_ bytes: [UInt8], maxBytes: Int) throws(CodecError) -> [UInt8] {
    var output = ByteWriter()
    try expand(bytes.span, maxBytes: maxBytes, into: &output)
    return output.array()
  }
}
