// io.prometheus.client (client_model, metrics.proto), each family with its length in front of it:
//
//     | length uvarint | MetricFamily | length uvarint | MetricFamily | ...
//     MetricFamily: 1 name, 2 help, 3 type enum, 4 metric Metric*, 5 unit
//     Metric:       1 label LabelPair*, 2 gauge, 3 counter, 4 summary, 5 untyped,
//                   6 timestamp_ms int64, 7 histogram
//     LabelPair:    1 name, 2 value

package import ApusModel
internal import ApusSystem

/// Reads a scraped body in the delimited protobuf format, family by family and metric by metric,
/// without copying: names, texts and labels are byte ranges of the body.
///
/// Accepts and refuses what Prometheus does (model/textparse, ProtobufParser).
package struct MetricFamilyReader: ~Escapable {
  let body: Span<UInt8>
  /// Where the next family begins.
  private var at = 0
  /// The rest of the current family, from behind the metric that was read last.
  private var rest = 0..<0

  package private(set) var name = 0..<0
  package private(set) var help = 0..<0
  package private(set) var unit = 0..<0
  package private(set) var kind = MetricMetadata.Kind.unknown

  @_lifetime(copy body)
  package init(_ body: Span<UInt8>) { self.body = body }

  /// Moves on to the next family that has metrics; false at the end.
  @_lifetime(self: copy self)
  package mutating func next() throws(ExpositionError) -> Bool {
    while at < body.count {
      let family = try delimited()
      at = family.upperBound
      if try readHead(family) {
        rest = family
        try check()
        return true
      }
    }
    return false
  }

  /// Reads the next metric of the family into `metric`; false at the end of the family.
  @_lifetime(self: copy self)
  package mutating func nextMetric(_ metric: inout ProtobufMetric) throws(ExpositionError) -> Bool {
    var reader = MessageReader(body, rest)
    while try reader.next() {
      guard reader.field == 4 else { continue }
      let message = try reader.range()
      rest = message.upperBound..<rest.upperBound
      try metric.read(body, message, kind)
      return true
    }
    rest = rest.upperBound..<rest.upperBound
    return false
  }

  /// The message that begins at `at`, without its length.
  private func delimited() throws(ExpositionError) -> Range<Int> {
    var length: UInt64 = 0
    var start = at
    while true {
      guard start < body.count, start - at < 5 else {
        throw ExpositionError("protobufparse: invalid varint encountered")
      }
      let byte = body[start]
      length |= UInt64(byte & 0x7F) << UInt64(7 * (start - at))
      start += 1
      if byte < 0x80 { break }
    }
    guard length <= UInt64(body.count - start) else {
      throw ExpositionError(
        "protobufparse: insufficient length of buffer, expected at least "
          + "\(UInt64(start - at) + length) bytes, got \(body.count - at) bytes")
    }
    return start..<(start + Int(length))
  }

  /// Reads all but the metrics; false where there are none.
  @_lifetime(self: copy self)
  private mutating func readHead(_ family: Range<Int>) throws(ExpositionError) -> Bool {
    (name, help, unit) = (0..<0, 0..<0, 0..<0)
    var type: UInt64 = 0
    var hasMetrics = false
    var reader = MessageReader(body, family)
    while try reader.next() {
      switch reader.field {
      case 1: name = try reader.range()
      case 2: help = try reader.range()
      case 3: type = try reader.uint64()
      case 4:
        _ = try reader.range()
        hasMetrics = true
      case 5: unit = try reader.range()
      default: break
      }
    }
    switch type {
    case 0: kind = .counter
    case 1: kind = .gauge
    case 2: kind = .summary
    case 3: kind = .unknown
    case 4: kind = .histogram
    case 5: kind = .gaugeHistogram
    default:
      guard hasMetrics else { return false }
      throw ExpositionError(
        "unknown metric type for metric \(GoQuote.quote(string(name))): \(type)")
    }
    return hasMetrics
  }

  private func check() throws(ExpositionError) {
    guard !name.isEmpty, isUTF8(body, name.lowerBound, name.upperBound) else {
      throw ExpositionError("invalid metric name: \(string(name))")
    }
    guard isUTF8(body, help.lowerBound, help.upperBound) else {
      throw ExpositionError(
        "invalid help for metric \(GoQuote.quote(string(name))): \(string(help))")
    }
    guard !unit.isEmpty else { return }
    let metric = string(name)
    let isTotal = kind == .counter && metric.hasSuffix("_total")
    let stem = isTotal ? String(metric.dropLast(6)) : metric
    guard stem.hasSuffix("_" + string(unit)) else {
      throw ExpositionError(
        "unit \(GoQuote.quote(string(unit))) not a suffix of \(isTotal ? "counter" : "metric") "
          + GoQuote.quote(metric))
    }
  }

  /// The unit of the family; empty where it names none.
  package var unitText: String { string(unit) }

  /// The text at `range`; what is not UTF-8 becomes U+FFFD.
  package func string(_ range: Range<Int>) -> String {
    String(copying: body.extracting(range))
  }
}

/// What one series of a metric tells. A summary or a classic histogram has several.
package enum SeriesPart: UInt8, Sendable {
  /// A counter, a gauge or something untyped.
  case value
  case count
  case sum
  case quantile
  case bucket
  /// All of a native histogram.
  case histogram

  var suffix: String {
    switch self {
    case .value, .quantile, .histogram: ""
    case .count: "_count"
    case .sum: "_sum"
    case .bucket: "_bucket"
    }
  }
}

extension MetricFamilyReader {
  /// The labels of one series of a metric, the metric name among them.
  /// - Parameter bound: of a bucket or a quantile.
  package func labels(
    of metric: borrowing ProtobufMetric, _ part: SeriesPart, bound: Double
  ) throws(ExpositionError) -> Labels {
    var pairs = [Label(LabelNames.metricName, string(name) + part.suffix)]
    try forEachLabel(metric.labels) { name, value in pairs.append(Label(name, value)) }
    switch part {
    case .bucket: pairs.append(Label(LabelNames.bucket, openMetricsFloat(bound)))
    case .quantile: pairs.append(Label(LabelNames.quantile, openMetricsFloat(bound)))
    default: break
    }
    let (labels, duplicate) = uniqueLabels(pairs)
    guard let duplicate else { return labels }
    throw ExpositionError("label name \(GoQuote.quote(duplicate)) is not unique: invalid sample")
  }

  /// The labels of a metric that are given an empty value; see `ExpositionParser`.
  package func emptyLabelNames(of metric: borrowing ProtobufMetric) -> [String] {
    var names: [String] = []
    try? forEachLabel(metric.labels) { name, value in
      if value.isEmpty { names.append(name) }
    }
    return names
  }

  private func forEachLabel(
    _ region: Range<Int>, _ use: (String, String) -> Void
  ) throws(ExpositionError) {
    var reader = MessageReader(body, region)
    while try reader.next() {
      guard reader.field == 1 else { continue }
      let (name, value) = try labelPair(body, try reader.range())
      use(name, value)
    }
  }
}

/// A LabelPair.
func labelPair(
  _ body: Span<UInt8>, _ message: Range<Int>
) throws(ExpositionError) -> (name: String, value: String) {
  var (name, value) = (0..<0, 0..<0)
  var reader = MessageReader(body, message)
  while try reader.next() {
    switch reader.field {
    case 1: name = try reader.range()
    case 2: value = try reader.range()
    default: break
    }
  }
  let texts = (String(copying: body.extracting(name)), String(copying: body.extracting(value)))
  guard !name.isEmpty, isUTF8(body, name.lowerBound, name.upperBound) else {
    throw ExpositionError("invalid label name: \(texts.0)")
  }
  guard isUTF8(body, value.lowerBound, value.upperBound) else {
    throw ExpositionError("invalid label value: \(texts.1)")
  }
  return texts
}
