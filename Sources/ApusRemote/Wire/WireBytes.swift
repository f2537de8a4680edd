/// The quick way through the bytes of requests that look as senders make them. Whatever does not
/// is left to `ProtobufReader`, which also says what is wrong with it.
enum WireBytes {
  /// A length and the offset behind it, if that many bytes stand before `end`.
  @inline(__always)
  static func length(
    _ bytes: Span<UInt8>, _ offset: Int, _ end: Int
  ) -> (length: Int, next: Int)? {
    var at = offset
    var length = 0
    var shift = 0
    while at < end && shift <= 28 {
      let byte = bytes[at]
      at &+= 1
      length |= Int(byte & 0x7F) &<< shift
      if byte < 0x80 { return length <= end &- at ? (length, at) : nil }
      shift &+= 7
    }
    return nil
  }

  /// The end of the label fields that a series begins with.
  static func endOfLabels(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Int {
    var at = start
    while at < end && bytes[at] == 0x0A {
      guard let (length, next) = length(bytes, at &+ 1, end) else { return at }
      at = next &+ length
    }
    return at
  }

  /// A sample of a value and a time; nil if it holds anything else. Fields that are zero may be
  /// missing.
  @inline(__always)
  static func sample(
    _ bytes: Span<UInt8>, _ start: Int, _ end: Int
  ) -> (timeMs: Int64, value: Double)? {
    var at = start
    var value = 0.0
    var timeMs: UInt64 = 0
    if at < end && bytes[at] == 0x09 {
      guard end &- at >= 9 else { return nil }
      value = Double(bitPattern: word(bytes, at &+ 1))
      at &+= 9
    }
    if at < end && bytes[at] == 0x10 {
      at &+= 1
      var shift: UInt64 = 0
      while true {
        guard at < end && shift < 63 else { return nil }
        let byte = bytes[at]
        at &+= 1
        timeMs |= UInt64(byte & 0x7F) &<< shift
        if byte < 0x80 { break }
        shift &+= 7
      }
    }
    return at == end ? (Int64(bitPattern: timeMs), value) : nil
  }

  /// Eight bytes, low byte first.
  @inline(__always)
  private static func word(_ bytes: Span<UInt8>, _ at: Int) -> UInt64 {
    let eight = bytes.extracting(at..<(at &+ 8))
    var word = UInt64(eight[0]) | UInt64(eight[1]) &<< 8
    word |= UInt64(eight[2]) &<< 16 | UInt64(eight[3]) &<< 24
    word |= UInt64(eight[4]) &<< 32 | UInt64(eight[5]) &<< 40
    return word | UInt64(eight[6]) &<< 48 | UInt64(eight[7]) &<< 56
  }
}
