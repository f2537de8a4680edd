internal import CZlib

/// Compresses a stream of bytes piece by piece, such as the body of a long answer.
@safe package final class GzipStream: @unchecked Sendable {
  // Sound because one caller uses a stream, one piece after the other; it never hands it on while
  // a call runs.
  package enum Format: Sendable {
    case gzip
    /// What HTTP calls deflate.
    case zlib
  }

  /// Stays at one address, because zlib's own state points back at it.
  private let stream: UnsafeMutablePointer<z_stream>

  /// - Parameter level: 1 (fast) ... 9 (small).
  package init(_ format: Format, level: Int = 1) {
    unsafe stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    let made = unsafe deflateInit2_(
      stream, Int32(level), Z_DEFLATED, format == .gzip ? 31 : 15, 8, Z_DEFAULT_STRATEGY,
      ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard made == Z_OK else { fatalError("deflateInit2 failed: \(made)") }
  }

  deinit {
    unsafe deflateEnd(stream)
    unsafe stream.deallocate()
  }

  /// What the bytes so far let go out; may be nothing.
  package func add(_ bytes: [UInt8]) -> [UInt8] { deflated(bytes, flush: Z_NO_FLUSH) }

  /// The rest. The stream is not to be used any more.
  package func finish() -> [UInt8] { deflated([], flush: Z_FINISH) }

  /// A whole body at once.
  package static func compress(_ bytes: [UInt8], _ format: Format) -> [UInt8] {
    let stream = GzipStream(format)
    let head = stream.add(bytes)
    return head + stream.finish()
  }

  private func deflated(_ bytes: [UInt8], flush: Int32) -> [UInt8] {
    var output = ByteWriter(capacityBytes: bytes.count / 2 + 1024)
    unsafe bytes.withUnsafeBufferPointer { raw in
      unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: raw.baseAddress)
      unsafe stream.pointee.avail_in = UInt32(raw.count)
      var isFull = true
      while isFull {
        let room = max(bytes.count / 2, 4096)
        unsafe output.appendUnsafe(atMost: room) { buffer in
          unsafe stream.pointee.next_out = buffer.baseAddress?.assumingMemoryBound(
            to: UInt8.self)
          unsafe stream.pointee.avail_out = UInt32(buffer.count)
          _ = unsafe deflate(stream, flush)
          isFull = unsafe stream.pointee.avail_out == 0
          return unsafe buffer.count - Int(stream.pointee.avail_out)
        }
      }
    }
    return output.array()
  }
}
