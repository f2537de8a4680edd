extension CivilTime {
  /// Milliseconds since the epoch of a time in RFC 3339, such as `2026-01-01T00:20:00.5+01:00`;
  /// nil where the text is none. Decimals beyond milliseconds are cut off.
  package static func parseRFC3339(_ text: String) -> Int64? {
    var scan = TimeScan(bytes: Array(text.utf8))
    guard let year = scan.digits(4), scan.take("-"), let month = scan.digits(2), scan.take("-"),
      let day = scan.digits(2), scan.take("T") || scan.take("t"), let hour = scan.digits(2),
      scan.take(":"), let minute = scan.digits(2), scan.take(":"), let second = scan.digits(2),
      (1...12).contains(month), (1...daysIn(month: month, year: year)).contains(day),
      hour < 24, minute < 60, second < 60
    else { return nil }
    var fractionMs = 0
    if scan.take(".") || scan.take(",") {
      guard let ms = scan.fractionMs() else { return nil }
      fractionMs = ms
    }
    guard let offsetMinutes = scan.zone(), scan.isAtEnd else { return nil }
    var time = CivilTime(ms: 0)
    (time.year, time.month, time.day) = (year, month, day)
    (time.hour, time.minute, time.second) = (hour, minute - offsetMinutes, second)
    time.millisecond = fractionMs
    return time.ms
  }
}

/// Reads a time from left to right.
private struct TimeScan {
  let bytes: [UInt8]
  var at = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { at == bytes.count }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard at < bytes.count, UInt32(bytes[at]) == character.value else { return false }
    at += 1
    return true
  }

  mutating func digit() -> Int? {
    guard at < bytes.count, (48...57).contains(bytes[at]) else { return nil }
    at += 1
    return Int(bytes[at - 1] - 48)
  }

  mutating func digits(_ count: Int) -> Int? {
    var value: Int = 0
    for _ in 0..<count {
      guard let digit = digit() else { return nil }
      value = value * 10 + digit
    }
    return value
  }

  mutating func fractionMs() -> Int? {
    var ms: Int = 0
    var count = 0
    while let digit = digit() {
      if count < 3 { ms = ms * 10 + digit }
      count += 1
    }
    guard count > 0 else { return nil }
    for _ in 0..<max(0, 3 - count) { ms *= 10 }
    return ms
  }

  /// Minutes east of Greenwich.
  mutating func zone() -> Int? {
    if take("Z") || take("z") { return 0 }
    let isEast = take("+")
    guard isEast || take("-"), let hours = digits(2), take(":"), let minutes = digits(2),
      hours < 24, minutes < 60
    else { return nil }
    return (isEast ? 1 : -1) * (hours * 60 + minutes)
  }
}
