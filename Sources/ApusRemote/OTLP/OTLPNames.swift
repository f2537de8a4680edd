internal import ApusConfig
internal import ApusModel

/// OpenTelemetry's names as Prometheus's.
///
/// Behaves as github.com/prometheus/otlptranslator.
struct OTLPNames: Sendable {
  let config: OTLPConfig

  private var escapes: Bool {
    config.translation == .underscoresWithSuffixes
      || config.translation == .underscoresWithoutSuffixes
  }

  private var addsSuffixes: Bool {
    config.translation == .underscoresWithSuffixes || config.translation == .utf8WithSuffixes
  }

  /// The name of a metric.
  /// - Parameters:
  ///   - isTotal: a sum that only grows.
  ///   - isGauge: a gauge, of which `1` as unit makes a ratio.
  func metric(_ name: String, unit: String, isTotal: Bool, isGauge: Bool) -> String {
    guard addsSuffixes else { return escapes ? Self.escaped(name, colon: true) : name }
    let suffixes = Self.suffixes(unit)
    guard escapes else {
      var all = name
      for suffix in suffixes where !all.hasSuffix(suffix) { all += "_" + suffix }
      if isTotal { all = Self.without(all, "_total") + "_total" }
      if isGauge && unit == "1" { all = Self.without(all, "_ratio") + "_ratio" }
      return all
    }
    var tokens = Self.tokens(name, colon: true)
    for suffix in suffixes {
      let parts = Self.tokens(suffix, colon: false)
      guard !parts.isEmpty, !tokens.contains(parts[parts.count - 1]) else { continue }
      tokens += parts
    }
    if isTotal { tokens = tokens.filter { $0 != "total" } + ["total"] }
    if isGauge && unit == "1" { tokens = tokens.filter { $0 != "ratio" } + ["ratio"] }
    let text = tokens.joined(separator: "_")
    return text.utf8.first.map(Self.isDigit) == true ? "_" + text : text
  }

  /// The name of a label.
  func label(_ name: String) -> String {
    guard escapes, !name.isEmpty else { return name }
    var text = Self.escaped(name, colon: false)
    if !config.preservesMultipleUnderscores {
      text = text.split(separator: "_", omittingEmptySubsequences: true).joined(separator: "_")
      if name.hasPrefix("_") { text = "_" + text }
    }
    guard let first = text.utf8.first else { return "key_" }
    if Self.isDigit(first) { return "key_" + text }
    let isReserved = text.hasPrefix("__") && text.hasSuffix("__")
    if config.sanitizesUnderscores, first == UInt8(ascii: "_"), !text.hasPrefix("__"), !isReserved {
      return "key" + text
    }
    return text
  }

  /// A unit in words, as metric names end in it: `By/s` becomes `bytes_per_second`.
  static func unit(_ unit: String) -> String { suffixes(unit).joined(separator: "_") }

  private static func without(_ text: String, _ suffix: String) -> String {
    text.hasSuffix(suffix) ? String(text.dropLast(suffix.count)) : text
  }

  /// Every character that no legacy name has becomes `_`.
  private static func escaped(_ name: String, colon: Bool) -> String {
    var text = ""
    for scalar in name.unicodeScalars {
      text.unicodeScalars.append(isNamePart(scalar, colon: colon) ? scalar : "_")
    }
    if text.utf8.first.map(isDigit) == true, colon { text = "_" + text }
    return text
  }

  private static func tokens(_ text: String, colon: Bool) -> [String] {
    text.unicodeScalars.split { !isNamePart($0, colon: colon) || $0 == "_" }.map { String($0) }
  }

  private static func isNamePart(_ scalar: Unicode.Scalar, colon: Bool) -> Bool {
    switch scalar {
    case "a"..."z", "A"..."Z", "0"..."9", "_": true
    case ":": colon
    default: false
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  /// `By/s` becomes `bytes` and `per_second`; what stands in braces is a remark.
  private static func suffixes(_ unit: String) -> [String] {
    let parts = unit.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
      .map { part in String(part.filter { $0 != " " }) }
    var suffixes: [String] = []
    if let main = parts.first, !main.isEmpty, !main.contains("{") {
      let word = units[main] ?? main
      if !word.isEmpty { suffixes.append(word) }
    }
    if parts.count > 1, !parts[1].isEmpty, !parts[1].contains("{") {
      suffixes.append("per_" + (perUnits[parts[1]] ?? parts[1]))
    }
    return suffixes
  }

  private static let units: [String: String] = [
    "d": "days", "h": "hours", "min": "minutes", "s": "seconds", "ms": "milliseconds",
    "us": "microseconds", "ns": "nanoseconds", "By": "bytes", "KiBy": "kibibytes",
    "MiBy": "mebibytes", "GiBy": "gibibytes", "TiBy": "tibibytes", "KBy": "kilobytes",
    "MBy": "megabytes", "GBy": "gigabytes", "TBy": "terabytes", "m": "meters", "V": "volts",
    "A": "amperes", "J": "joules", "W": "watts", "g": "grams", "Cel": "celsius", "Hz": "hertz",
    "1": "", "%": "percent",
  ]

  private static let perUnits: [String: String] = [
    "s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week", "mo": "month",
    "y": "year",
  ]
}
