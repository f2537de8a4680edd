internal import CZlib

/// gzip and zlib (HTTP's `deflate`), whole buffers at a time.
package enum Gzip {
  /// windowBits of zlib: 15, with 16 for gzip's header on the way out, and with 32 to tell the two
  /// apart on the way in.
  private static let gzipWindow: Int32 = 31
  private static let anyWindow: Int32 = 47

  /// Appends one gzip member.
  /// - Parameter level: 1 (fast) ... 9 (small).
  package static func compress(
    _ bytes: Span<UInt8>, level: Int = 1, into output: inout ByteWriter
  ) {
    var stream = unsafe z_stream()
    let made = unsafe deflateInit2_(
      &stream, Int32(level), Z_DEFLATED, gzipWindow, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    guard made == Z_OK else { fatalError("deflateInit2 failed: \(made)") }
    defer { unsafe deflateEnd(&stream) }
    unsafe bytes.withUnsafeBytes { raw in
      var done = 0
      var status = Z_OK
      while status != Z_STREAM_END {
        // zlib counts in 32 bits.
        let piece = min(raw.count - done, 1 << 30)
        let start = unsafe raw.baseAddress.map {
          unsafe UnsafeMutableRawPointer(mutating: $0 + done)
        }
        unsafe stream.next_in = start?.assumingMemoryBound(to: UInt8.self)
        unsafe stream.avail_in = UInt32(piece)
        let flush = done + piece == raw.count ? Z_FINISH : Z_NO_FLUSH
        let room = min(max(piece / 4, 4096), 1 << 20)
        unsafe output.appendUnsafe(atMost: room) { buffer in
          unsafe stream.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
          unsafe stream.avail_out = UInt32(buffer.count)
          status = unsafe deflate(&stream, flush)
          return unsafe buffer.count - Int(stream.avail_out)
        }
        unsafe done += piece - Int(stream.avail_in)
      }
    }
  }

  package static func compress(_ bytes: [UInt8], level: Int = 1) -> [UInt8] {
    var output = ByteWriter(capacityBytes: bytes.count / 2)
    compress(bytes.span, level: level, into: &output)
    return output.array()
  }

  /// Appends the expanded bytes of all members; nothing is appended on error.
  package static func expand(
    _ bytes: Span<UInt8>, maxBytes: Int, into output: inout ByteWriter
  ) throws(CodecError) {
    var stream = unsafe z_stream()
    let made = unsafe inflateInit2_(
      &stream, anyWindow, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard made == Z_OK else { fatalError("inflateInit2 failed: \(made)") }
    defer { unsafe inflateEnd(&stream) }
    let start = output.count
    do throws(CodecError) {
      unsafe try bytes.withUnsafeBytes { raw throws(CodecError) in
        unsafe try inflateAll(raw, &stream, maxBytes, &output, start)
      }
    } catch {
      output.truncate(to: start)
      throw error
    }
  }

  private static func inflateAll(
    _ raw: UnsafeRawBufferPointer, _ stream: inout z_stream, _ maxBytes: Int,
    _ output: inout ByteWriter, _ start: Int
  ) throws(CodecError) {
    var done = 0
    while true {
      let left = maxBytes - (output.count - start)
      guard left >= 0 else { throw .tooLarge(codec: "gzip", limitBytes: maxBytes) }
      let piece = min(raw.count - done, 1 << 30)
      let from = unsafe raw.baseAddress.map { unsafe UnsafeMutableRawPointer(mutating: $0 + done) }
      unsafe stream.next_in = from?.assumingMemoryBound(to: UInt8.self)
      unsafe stream.avail_in = UInt32(piece)
      let room = min(max(raw.count * 4, 4096), 1 << 20, left + 1)
      var status = Z_OK
      unsafe output.appendUnsafe(atMost: room) { buffer in
        unsafe stream.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
        unsafe stream.avail_out = UInt32(buffer.count)
        status = unsafe inflate(&stream, Z_NO_FLUSH)
        return unsafe buffer.count - Int(stream.avail_out)
      }
      unsafe done += piece - Int(stream.avail_in)
      switch status {
      case Z_STREAM_END:
        guard output.count - start <= maxBytes else {
          throw .tooLarge(codec: "gzip", limitBytes: maxBytes)
        }
        if done == raw.count { return }
        // Another member follows, as RFC 1952 allows.
        unsafe inflateReset(&stream)
      case Z_OK: continue
      case Z_BUF_ERROR where done == raw.count:
        throw .corrupt(codec: "gzip", reason: "cut short")
      default:
        let reason = unsafe stream.msg.map { unsafe String(cString: $0) }
        throw .corrupt(codec: "gzip", reason: reason ?? "error \(status)")
      }
    }
  }

  package static func expand(_ bytes: [UInt8], maxBytes: Int) throws(CodecError) -> [UInt8] {
    var output = ByteWriter(capacityBytes: bytes.count * 4)
    try expand(bytes.span, maxBytes: maxBytes, into: &output)
    return output.array()
  }
}
