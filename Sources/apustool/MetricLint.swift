internal import ApusModel

/// One thing that is odd about a metric.
struct MetricProblem: Comparable {
  let metric: String
  let text: String

  static func < (a: MetricProblem, b: MetricProblem) -> Bool {
    (a.metric, a.text) < (b.metric, b.text)
  }
}

/// Prometheus's conventions for metrics (client_golang, testutil/promlint), with its texts.
enum MetricLint {
  static func problems(_ family: ScrapedFamily) -> [MetricProblem] {
    let texts =
      help(family) + unit(family.name) + counter(family) + reserved(family)
      + typeInName(family.name) + spelling(family) + abbreviations(family.name)
      + duplicates(family)
    return texts.map { MetricProblem(metric: family.name, text: $0) }
  }

  private static func help(_ family: ScrapedFamily) -> [String] {
    family.hasHelp ? [] : ["no help text"]
  }

  private static func counter(_ family: ScrapedFamily) -> [String] {
    let isTotal = family.name.hasSuffix("_total")
    switch family.kind {
    case .unknown: return []
    case .counter: return isTotal ? [] : [#"counter metrics should have "_total" suffix"#]
    default: return isTotal ? [#"non-counter metrics should not have "_total" suffix"#] : []
    }
  }

  private static let units = [
    "amperes": "amperes", "bytes": "bytes", "celsius": "celsius", "grams": "grams",
    "joules": "joules", "kelvin": "kelvin", "meters": "meters", "metres": "metres",
    "seconds": "seconds", "volts": "volts", "minutes": "seconds", "hours": "seconds",
    "days": "seconds", "weeks": "seconds", "kelvins": "kelvin", "fahrenheit": "celsius",
    "rankine": "celsius", "inches": "meters", "yards": "meters", "miles": "meters",
    "bits": "bytes", "calories": "joules", "pounds": "grams", "ounces": "grams",
  ]
  private static let prefixes = [
    "pico", "nano", "micro", "milli", "centi", "deci", "deca", "hecto", "kilo", "kibi",
    "mega", "mibi", "giga", "gibi", "tera", "tebi", "peta", "pebi",
  ]

  private static func unit(_ name: String) -> [String] {
    for part in name.split(separator: "_").map(String.init) {
      let base =
        units[part]
        ?? prefixes.lazy.compactMap { prefix in
          part.hasPrefix(prefix) ? units[String(part.dropFirst(prefix.count))] : nil
        }.first
      guard let base else { continue }
      return base == part ? [] : [#"use base unit "\#(base)" instead of "\#(part)""#]
    }
    return []
  }

  private static func reserved(_ family: ScrapedFamily) -> [String] {
    guard family.kind != .unknown else { return [] }
    let isHistogram = family.kind == .histogram
    let isSummary = family.kind == .summary
    var texts: [String] = []
    if !isHistogram && family.name.hasSuffix("_bucket") {
      texts.append(#"non-histogram metrics should not have "_bucket" suffix"#)
    }
    for suffix in ["_count", "_sum"]
    where !isHistogram && !isSummary && family.name.hasSuffix(suffix) {
      texts.append("non-histogram and non-summary metrics should not have \"\(suffix)\" suffix")
    }
    if !isHistogram && family.samples.contains(where: { $0.has(LabelNames.bucket) }) {
      texts.append(#"non-histogram metrics should not have "le" label"#)
    }
    if !isSummary && family.samples.contains(where: { $0.has(LabelNames.quantile) }) {
      texts.append(#"non-summary metrics should not have "quantile" label"#)
    }
    return texts
  }

  private static func typeInName(_ name: String) -> [String] {
    ["counter", "gauge", "summary", "histogram"]
      .filter { hasWord($0, name.lowercased()) }
      .map { "metric name should not include type '\($0)'" }
  }

  private static func spelling(_ family: ScrapedFamily) -> [String] {
    var texts: [String] = []
    if family.name.contains(":") { texts.append("metric names should not contain ':'") }
    if isCamelCase(family.name) {
      texts.append("metric names should be written in 'snake_case' not 'camelCase'")
    }
    if family.samples.contains(where: { $0.contains { isCamelCase($0.name) } }) {
      texts.append("label names should be written in 'snake_case' not 'camelCase'")
    }
    return texts
  }

  private static func abbreviations(_ name: String) -> [String] {
    let short = [
      "s", "ms", "us", "ns", "sec", "b", "kb", "mb", "gb", "tb", "pb", "m", "h", "d",
    ]
    return short.contains { hasWord($0, name.lowercased()) }
      ? ["metric names should not contain abbreviated units"] : []
  }

  private static func duplicates(_ family: ScrapedFamily) -> [String] {
    Set(family.samples).count < family.samples.count ? ["metric not unique"] : []
  }

  /// Whether a word stands between underscores, or behind the last one.
  private static func hasWord(_ word: String, _ name: String) -> Bool {
    name.hasSuffix("_\(word)") || name.contains("_\(word)_")
  }

  private static func isCamelCase(_ name: String) -> Bool {
    var isAfterLower = false
    for byte in name.utf8 {
      if isAfterLower && byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") { return true }
      isAfterLower = byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z")
    }
    return false
  }
}
