// opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest, protobuf:
//
//     Request          1 ResourceMetrics*
//     ResourceMetrics  1 Resource {1 KeyValue*}, 2 ScopeMetrics*
//     ScopeMetrics     1 Scope {1 name, 2 version, 3 KeyValue*}, 2 Metric*, 3 schema_url
//     Metric           1 name, 3 unit, and one of 5 Gauge, 7 Sum, 9 Histogram,
//                      10 ExponentialHistogram, 11 Summary
//     Gauge, Sum ...   1 points*, 2 temporality (1 delta, 2 cumulative), 3 is_monotonic (Sum)

internal import ApusConfig
internal import ApusModel
internal import ApusSystem

/// OpenTelemetry metrics to samples of Prometheus.
///
/// Behaves as Prometheus, storage/remote/otlptranslator/prometheusremotewrite.
struct OTLPTranslator {
  let names: OTLPNames
  /// Time between samples of `target_info`, ms.
  let infoIntervalMs: Int64
  var batch = OTLPBatch()
  var resource = OTLPAttributes()
  /// `job` and `instance` of the resource.
  private var identity: [Label] = []
  /// Labels that every point of the resource has where it says nothing else itself.
  private var promoted: [Label] = []
  /// Whether series get the type and unit of their metric as labels.
  var addsTypeAndUnit = false
  /// Type and unit of the current metric.
  private var family = MetricMetadata()
  /// Labels of the scope, where they are promoted.
  var scope: [Label] = []
  /// The times of what the current resource brought.
  var earliestMs = Int64.max
  var latestMs = Int64.min

  init(config: OTLPConfig, infoIntervalMs: Int64) {
    names = OTLPNames(config: config)
    self.infoIntervalMs = infoIntervalMs
  }

  var config: OTLPConfig { names.config }

  mutating func translate(_ bytes: Span<UInt8>) throws(ProtobufError) {
    var request = ProtobufReader(bytes)
    while try request.next() {
      guard request.field == 1 else { continue }
      try translateResource(try request.bytes())
    }
  }

  private mutating func translateResource(_ bytes: Span<UInt8>) throws(ProtobufError) {
    resource = OTLPAttributes()
    (earliestMs, latestMs) = (.max, .min)
    // The resource may stand behind its metrics.
    var head = ProtobufReader(bytes)
    while try head.next() {
      guard head.field == 1 else { continue }
      var inner = try head.message()
      while try inner.next() {
        if inner.field == 1 { try resource.add(try inner.message()) }
      }
    }
    identity = identityLabels()
    promoted = resource.pairs.filter { isPromoted($0.name) }
      .map { Label(names.label($0.name), $0.value) }
    var reader = ProtobufReader(bytes)
    while try reader.next() {
      guard reader.field == 2 else { continue }
      try translateScope(try reader.bytes())
    }
    addTargetInfo()
  }

  private mutating func translateScope(_ bytes: Span<UInt8>) throws(ProtobufError) {
    scope = config.promotesScopeMetadata ? try scopeLabels(bytes) : []
    var reader = ProtobufReader(bytes)
    while try reader.next() {
      guard reader.field == 2 else { continue }
      try translateMetric(try reader.bytes())
    }
  }

  private func scopeLabels(_ bytes: Span<UInt8>) throws(ProtobufError) -> [Label] {
    var labels: [Label] = []
    var reader = ProtobufReader(bytes)
    while try reader.next() {
      switch reader.field {
      case 1:
        var attributes = OTLPAttributes()
        var inner = try reader.message()
        while try inner.next() {
          switch inner.field {
          case 1: labels.append(Label("otel_scope_name", try inner.string()))
          case 2: labels.append(Label("otel_scope_version", try inner.string()))
          case 3: try attributes.add(try inner.message())
          default: break
          }
        }
        for (name, value) in attributes.pairs {
          labels.append(Label(names.label("otel_scope_" + name), value))
        }
      case 3: labels.append(Label("otel_scope_schema_url", try reader.string()))
      default: break
      }
    }
    return labels
  }

  private mutating func translateMetric(_ bytes: Span<UInt8>) throws(ProtobufError) {
    var metric = OTLPMetric()
    var kind = 0
    var values = 0..<0
    var reader = ProtobufReader(bytes)
    while try reader.next() {
      switch reader.field {
      case 1: metric.name = try reader.string()
      case 3: metric.unit = try reader.string()
      case 5, 7, 9, 10, 11:
        kind = reader.field
        let count = try reader.bytes().count
        values = (reader.offset - count)..<reader.offset
      default: break
      }
    }
    guard kind != 0 else { return }
    try translatePoints(metric, kind, bytes.extracting(values))
  }

  private mutating func translatePoints(
    _ metric: OTLPMetric, _ kind: Int, _ bytes: Span<UInt8>
  ) throws(ProtobufError) {
    var temporality: UInt64 = 0
    var isMonotonic = false
    var head = ProtobufReader(bytes)
    while try head.next() {
      switch head.field {
      case 2: temporality = try head.uint64()
      case 3: isMonotonic = try head.bool()
      default: break
      }
    }
    guard kind == 5 || kind == 11 || temporality == 2 else {
      batch.warn(
        "invalid temporality and type combination for metric \(GoQuote.quote(metric.name))")
      return
    }
    let name = names.metric(
      metric.name, unit: metric.unit, isTotal: kind == 7 && isMonotonic, isGauge: kind == 5)
    guard !name.isEmpty else {
      batch.warn("metric without a name")
      return
    }
    family = MetricMetadata(
      kind: Self.kind(kind, isMonotonic: isMonotonic), unit: OTLPNames.unit(metric.unit))
    defer { family = MetricMetadata() }
    var reader = ProtobufReader(bytes)
    while try reader.next() {
      guard reader.field == 1 else { continue }
      switch kind {
      case 5, 7: try addNumber(name, try reader.bytes())
      case 9: try addHistogram(name, try reader.bytes())
      case 10: try addExponential(name, try reader.bytes())
      default: try addSummary(name, try reader.bytes())
      }
    }
  }
}

extension OTLPTranslator {
  /// What Prometheus calls the kinds of OpenTelemetry, by the number of their field.
  private static func kind(_ field: Int, isMonotonic: Bool) -> MetricMetadata.Kind {
    switch field {
    case 5: .gauge
    case 7: isMonotonic ? .counter : .gauge
    case 9, 10: .histogram
    default: .summary
    }
  }
}

/// What a metric says of itself.
struct OTLPMetric {
  var name = ""
  var unit = ""
}

extension OTLPTranslator {
  private static let identifying: Set<String> = [
    "service.namespace", "service.name", "service.instance.id",
  ]

  /// The labels of a point: its attributes, what is promoted, and whom it is about.
  func labels(_ name: String, _ attributes: OTLPAttributes, _ extra: Label? = nil) -> Labels {
    var values: [String: String] = [:]
    // Names that become one label share it. (RFC of the translator: joined by semicolons)
    for (name, value) in attributes.pairs.sorted(by: { $0.name < $1.name }) {
      let label = names.label(name)
      if label.isEmpty { continue }
      values[label] = values[label].map { $0 + ";" + value } ?? value
    }
    for label in promoted where values[label.name] == nil { values[label.name] = label.value }
    for label in scope { values[label.name] = label.value }
    for label in identity { values[label.name] = label.value }
    if let extra { values[extra.name] = extra.value }
    values[LabelNames.metricName] = name
    let labels = Labels(values.map { Label($0.key, $0.value) })
    return addsTypeAndUnit ? labels.withTypeAndUnit(family.kind, unit: family.unit) : labels
  }

  private func isPromoted(_ name: String) -> Bool {
    config.promotesAllResourceAttributes
      ? !config.ignoredResourceAttributes.contains(name)
      : config.promotedResourceAttributes.contains(name)
  }

  private func identityLabels() -> [Label] {
    var labels: [Label] = []
    if let service = resource["service.name"] {
      let space = resource["service.namespace"].map { $0 + "/" } ?? ""
      labels.append(Label(LabelNames.job, space + service))
    }
    if let instance = resource["service.instance.id"] {
      labels.append(Label(LabelNames.instance, instance))
    }
    return labels
  }

  /// `target_info` with the attributes of the resource, where it is known whose they are.
  mutating func addTargetInfo() {
    guard earliestMs <= latestMs, identity.contains(where: { !$0.value.isEmpty }) else { return }
    var others = OTLPAttributes()
    let keeps = config.keepsIdentifyingResourceAttributes
    var hasOthers = false
    for (name, value) in resource.pairs {
      let isIdentifying = Self.identifying.contains(name)
      if !isIdentifying { hasOthers = true }
      if keeps || !isIdentifying { others.append(name, value) }
    }
    guard hasOthers else { return }
    let scope = scope
    self.scope = []
    let labels = labels("target_info", others)
    self.scope = scope
    var timeMs = max(earliestMs, latestMs - infoIntervalMs * Limits.infoSamplesMax)
    while timeMs < latestMs {
      batch.add(labels, timeMs, 1, [])
      timeMs += infoIntervalMs
    }
    batch.add(labels, latestMs, 1, [])
  }

  mutating func note(_ timeMs: Int64) {
    earliestMs = min(earliestMs, timeMs)
    latestMs = max(latestMs, timeMs)
  }
}
