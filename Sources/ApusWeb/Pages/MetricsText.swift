internal import ApusModel
internal import ApusTelemetry

/// Metric families as text.
///
///     # HELP name text
///     # TYPE name counter
///     name{label="value"} 1
///
/// OpenMetrics differs: the family of a counter is named without `_total`, `# EOF` ends the text.
struct MetricsText {
  private let isOpenMetrics: Bool
  private var bytes: [UInt8] = []

  init(isOpenMetrics: Bool) {
    self.isOpenMetrics = isOpenMetrics
    bytes.reserveCapacity(64 << 10)
  }

  mutating func append(_ family: MetricRegistry.Family) {
    guard !family.points.isEmpty else { return }
    var name = family.name
    let isTotal = isOpenMetrics && family.kind == .counter
    if isTotal && name.hasSuffix("_total") { name.removeLast(6) }
    raw("# HELP \(name) ")
    escaped(family.help, quotes: isOpenMetrics)
    raw("\n# TYPE \(name) \(family.kind.rawValue)\n")
    for point in family.points {
      raw(name)
      raw(isTotal ? "_total" : point.suffix)
      labels(point.labels)
      raw(" ")
      FloatText.append(point.value, to: &bytes, .g)
      raw("\n")
    }
  }

  mutating func finished() -> [UInt8] {
    if isOpenMetrics { raw("# EOF\n") }
    return bytes
  }

  private mutating func labels(_ labels: [(name: String, value: String)]) {
    guard !labels.isEmpty else { return }
    raw("{")
    for (i, label) in labels.enumerated() {
      if i > 0 { raw(",") }
      raw(label.name)
      raw("=\"")
      escaped(label.value, quotes: true)
      raw("\"")
    }
    raw("}")
  }

  private mutating func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }

  private mutating func escaped(_ text: String, quotes: Bool) {
    MetricsText.escape(text, quotes: quotes, into: &bytes)
  }

  /// Backslashes, line breaks and, in label values, quotes.
  static func escape(_ text: String, quotes: Bool, into bytes: inout [UInt8]) {
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\\"): bytes.append(contentsOf: "\\\\".utf8)
      case UInt8(ascii: "\n"): bytes.append(contentsOf: "\\n".utf8)
      case UInt8(ascii: "\"") where quotes: bytes.append(contentsOf: "\\\"".utf8)
      default: bytes.append(byte)
      }
    }
  }
}
