/// The one NaN that ends a series. Compared by bits, never by value.
package enum StaleMarker {
  package static let bits: UInt64 = 0x7FF0_0000_0000_0002
  package static let value = Double(bitPattern: bits)
  /// The NaN of arithmetic and of parsed "NaN".
  package static let normalNaN = Double(bitPattern: 0x7FF8_0000_0000_0001)

  package static func isStale(_ value: Double) -> Bool { value.bitPattern == bits }
}
