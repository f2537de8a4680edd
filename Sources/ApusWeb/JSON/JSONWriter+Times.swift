internal import ApusSystem

extension JSONWriter {
  /// A quoted time in RFC 3339 with as many decimals as it needs. Nil is Go's zero time.
  package mutating func time(ms: Int64?) {
    bytes.append(UInt8(ascii: "\""))
    if let ms { raw(CivilTime(ms: ms).rfc3339) } else { raw("0001-01-01T00:00:00Z") }
    bytes.append(UInt8(ascii: "\""))
  }
}
