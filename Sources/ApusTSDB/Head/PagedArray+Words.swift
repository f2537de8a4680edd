internal import Glibc

/// Numbers as the bytes that they are in memory, and back.
enum MachineWords {
  /// Hands the bytes of numbers to `body`.
  static func withBytes<Result, E: Error>(
    _ words: [UInt64], _ body: (Span<UInt8>) throws(E) -> Result
  ) throws(E) -> Result {
    let result: Swift.Result<Result, E> = unsafe words.withUnsafeBytes { buffer in
      let bytes = unsafe Span<UInt8>(_unsafeBytes: buffer)
      return Swift.Result { () throws(E) -> Result in try body(bytes) }
    }
    return try result.get()
  }

  /// The numbers that whole words of bytes are.
  static func array(_ bytes: Span<UInt8>) -> [UInt64] {
    let count = bytes.count / MemoryLayout<UInt64>.stride
    return unsafe [UInt64](unsafeUninitializedCapacity: count) { buffer, filled in
      unsafe bytes.withUnsafeBytes { source in
        if let from = source.baseAddress, let to = buffer.baseAddress {
          unsafe memcpy(to, from, count * MemoryLayout<UInt64>.stride)
        }
      }
      filled = count
    }
  }
}
