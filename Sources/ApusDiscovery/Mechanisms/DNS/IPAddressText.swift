/// Addresses as text.
enum IPAddressText {
  static func v4(_ bytes: ArraySlice<UInt8>) -> String {
    bytes.map { "\($0)" }.joined(separator: ".")
  }

  /// RFC 5952: no leading zeros, the longest row of zeros as `::`. Addresses of IPv4 in this form
  /// are written as those.
  static func v6(_ bytes: ArraySlice<UInt8>) -> String {
    let all = Array(bytes)
    guard all.count == 16 else { return "" }
    if all[..<10].allSatisfy({ $0 == 0 }), all[10] == 0xFF, all[11] == 0xFF {
      return v4(all[12...])
    }
    let groups = (0..<8).map { UInt16(all[2 * $0]) << 8 | UInt16(all[2 * $0 + 1]) }
    var longest = 0..<0
    var start = 0
    for i in 0...8 where i == 8 || groups[i] != 0 {
      if i - start > longest.count { longest = start..<i }
      start = i + 1
    }
    func text(_ range: Range<Int>) -> String {
      groups[range].map { String($0, radix: 16) }.joined(separator: ":")
    }
    if longest.count < 2 { return text(0..<8) }
    return text(0..<longest.lowerBound) + "::" + text(longest.upperBound..<8)
  }

  /// Whether a text is an address of IPv6 that is none of IPv4.
  static func isV6(_ text: String) -> Bool {
    text.utf8.contains(UInt8(ascii: ":")) && !text.utf8.contains(UInt8(ascii: "."))
  }
}
