internal import CIntrinsics

/// The Castagnoli checksum, over one or more slices.
///
/// The CRC of Prometheus's WAL, chunk, index and tombstone files; they store it big endian.
package struct CRC32C: Sendable {
  /// The checksum of all that was added.
  package private(set) var value: UInt32

  /// - Parameter value: the checksum of what came before, to be continued.
  package init(continuing value: UInt32 = 0) { self.value = value }

  @inline(__always)
  package mutating func add(_ bytes: Span<UInt8>) {
    let before = value
    value = unsafe bytes.withUnsafeBytes { raw in
      unsafe apus_crc32c(before, raw.baseAddress, raw.count)
    }
  }

  @inline(__always)
  package mutating func add(_ byte: UInt8) {
    var byte = byte
    value = unsafe apus_crc32c(value, &byte, 1)
  }

  @inline(__always)
  package static func of(_ bytes: Span<UInt8>) -> UInt32 {
    var crc = CRC32C()
    crc.add(bytes)
    return crc.value
  }
}
