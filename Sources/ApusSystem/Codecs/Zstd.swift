internal import CZstd

/// Zstandard frames.
package enum Zstd {
  /// Appends the compressed bytes.
  /// - Parameter level: 1...19; 3 is zstd's own default.
  package static func compress(
    _ bytes: Span<UInt8>, level: Int = 3, into output: inout ByteWriter
  ) {
    let most = ZSTD_compressBound(bytes.count)
    unsafe output.appendUnsafe(atMost: most) { room in
      unsafe bytes.withUnsafeBytes { raw in
        let written = unsafe ZSTD_compress(
          room.baseAddress, room.count, raw.baseAddress, raw.count, Int32(level))
        precondition(ZSTD_isError(written) == 0, "zstd refused its own buffer size")
        return written
      }
    }
  }

  package static func compress(_ bytes: [UInt8], level: Int = 3) -> [UInt8] {
    var output = ByteWriter(capacityBytes: bytes.count)
    compress(bytes.span, level: level, into: &output)
    return output.array()
  }

  /// Appends the expanded bytes of all frames; nothing is appended on error.
  package static func expand(
    _ bytes: Span<UInt8>, maxBytes: Int, into output: inout ByteWriter
  ) throws(CodecError) {
    let stream = unsafe ZSTD_createDStream()
    defer { _ = unsafe ZSTD_freeDStream(stream) }
    let start = output.count
    do throws(CodecError) {
      unsafe try bytes.withUnsafeBytes { raw throws(CodecError) in
        var input = unsafe ZSTD_inBuffer(src: raw.baseAddress, size: raw.count, pos: 0)
        var hint = 1
        var filled = false
        while unsafe input.pos < input.size || (hint != 0 && filled) {
          guard output.count - start <= maxBytes else {
            throw .tooLarge(codec: "zstd", limitBytes: maxBytes)
          }
          let piece = min(max(raw.count * 4, 4096), 1 << 20, maxBytes - (output.count - start) + 1)
          unsafe try output.appendUnsafe(atMost: piece) { room throws(CodecError) in
            var out = unsafe ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
            hint = unsafe ZSTD_decompressStream(stream, &out, &input)
            guard ZSTD_isError(hint) == 0 else {
              throw .corrupt(
                codec: "zstd", reason: unsafe String(cString: ZSTD_getErrorName(hint)))
            }
            filled = unsafe out.pos == out.size
            return unsafe out.pos
          }
        }
        guard hint == 0 else { throw .corrupt(codec: "zstd", reason: "frame cut short") }
        guard output.count - start <= maxBytes else {
          throw .tooLarge(codec: "zstd", limitBytes: maxBytes)
        }
      }
    } catch {
      output.truncate(to: start)
      throw error
    }
  }

  package static func expand(_ bytes: [UInt8], maxBytes: Int) throws(CodecError) -> [UInt8] {
    var output = ByteWriter()
    try expand(bytes.span, maxBytes: maxBytes, into: &output)
    return output.array()
  }
}
