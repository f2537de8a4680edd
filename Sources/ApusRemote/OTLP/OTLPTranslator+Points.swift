// Points, protobuf; times are nanoseconds, fixed64; flag 1 means that nothing was recorded:
//
//     NumberDataPoint     7 KeyValue*, 3 time, 4 double | 6 sfixed64, 5 Exemplar*, 8 flags
//     HistogramDataPoint  9 KeyValue*, 3 time, 4 count fixed64, 5 sum double,
//                         6 counts fixed64 (packed), 7 bounds double (packed), 8 Exemplar*,
//                         10 flags
//     ExponentialHistogramDataPoint
//                         1 KeyValue*, 3 time, 4 count fixed64, 5 sum double, 6 scale sint32,
//                         7 zero_count fixed64, 8 positive, 9 negative {1 offset sint32,
//                         2 counts uint64 (packed)}, 10 flags, 11 Exemplar*, 14 zero_threshold
//     SummaryDataPoint    7 KeyValue*, 3 time, 4 count fixed64, 5 sum double,
//                         6 {1 quantile, 2 value double}*, 8 flags
//     Exemplar            7 KeyValue*, 2 time, 3 double | 6 sfixed64, 4 span_id, 5 trace_id bytes

internal import ApusConfig
internal import ApusModel
internal import ApusSystem

/// What all points have.
private struct OTLPPoint {
  var attributes = OTLPAttributes()
  var timeMs: Int64 = 0
  var count = 0.0
  var sum: Double?
  var exemplars: [Exemplar] = []
  var isStale = false

  mutating func setTime(_ nanoseconds: UInt64) { timeMs = Int64(nanoseconds / 1_000_000) }

  mutating func setFlags(_ flags: UInt64) { isStale = flags & 1 != 0 }

  func value(_ value: Double) -> Double { isStale ? StaleMarker.value : value }
}

extension OTLPTranslator {
  mutating func addNumber(_ name: String, _ bytes: Span<UInt8>) throws(ProtobufError) {
    var point = OTLPPoint()
    var value = 0.0
    var reader = ProtobufReader(bytes)
    while try reader.next() {
      switch reader.field {
      case 3: point.setTime(try reader.fixed64())
      case 4: value = try reader.double()
      case 5: point.exemplars.append(try exemplar(try reader.bytes()))
      case 6: value = Double(Int64(bitPattern: try reader.fixed64()))
      case 7: try point.attributes.add(try reader.message())
      case 8: point.setFlags(try reader.uint64())
      default: break
      }
    }
    note(point.timeMs)
    batch.add(
      labels(name, point.attributes), point.timeMs, point.value(value), point.exemplars)
  }

  mutating func addSummary(_ name: String, _ bytes: Span<UInt8>) throws(ProtobufError) {
    var point = OTLPPoint()
    var quantiles: [(Double, Double)] = []
    var reader = ProtobufReader(bytes)
    while try reader.next() {
      switch reader.field {
      case 3: point.setTime(try reader.fixed64())
      case 4: point.count = Double(try reader.fixed64())
      case 5: point.sum = try reader.double()
      case 6:
        var (quantile, value) = (0.0, 0.0)
        var inner = try reader.message()
        while try inner.next() {
          switch inner.field {
          case 1: quantile = try inner.double()
          case 2: value = try inner.double()
          default: break
          }
        }
        quantiles.append((quantile, value))
      case 7: try point.attributes.add(try reader.message())
      case 8: point.setFlags(try reader.uint64())
      default: break
      }
    }
    note(point.timeMs)
    add(name + "_sum", point, point.sum ?? 0)
    add(name + "_count", point, point.count)
    for (quantile, value) in quantiles {
      let label = Label(LabelNames.quantile, FloatText.f(quantile))
      add(name, point, value, label)
    }
  }

  private mutating func add(
    _ name: String, _ point: OTLPPoint, _ value: Double, _ extra: Label? = nil,
    _ exemplars: [Exemplar] = []
  ) {
    batch.add(
      labels(name, point.attributes, extra), point.timeMs, point.value(value), exemplars)
  }

  mutating func addHistogram(_ name: String, _ bytes: Span<UInt8>) throws(ProtobufError) {
    var point = OTLPPoint()
    var counts: [Double] = []
    var bounds: [Double] = []
    var reader = ProtobufReader(bytes)
    while try reader.next() {
      switch reader.field {
      case 3: point.setTime(try reader.fixed64())
      case 4: point.count = Double(try reader.fixed64())
      case 5: point.sum = try reader.double()
      case 6:
        var words: [Double] = []
        try reader.appendDoubles(to: &words)
        counts += words.map { Double($0.bitPattern) }
      case 7: try reader.appendDoubles(to: &bounds)
      case 8: point.exemplars.append(try exemplar(try reader.bytes()))
      case 9: try point.attributes.add(try reader.message())
      case 10: point.setFlags(try reader.uint64())
      default: break
      }
    }
    note(point.timeMs)
    if config.convertsHistograms {
      addCustom(name, point, counts, bounds)
    } else {
      addClassic(name, point, counts, bounds)
    }
  }

  private mutating func addClassic(
    _ name: String, _ point: OTLPPoint, _ counts: [Double], _ bounds: [Double]
  ) {
    if let sum = point.sum { add(name + "_sum", point, sum) }
    add(name + "_count", point, point.count)
    var total = 0.0
    var lower = -Double.infinity
    for (bound, count) in zip(bounds, counts) {
      total += count
      let within = point.exemplars.filter { $0.value > lower && $0.value <= bound }
      add(name + "_bucket", point, total, Label(LabelNames.bucket, FloatText.f(bound)), within)
      lower = bound
    }
    let beyond = point.exemplars.filter { $0.value > lower }
    add(name + "_bucket", point, point.count, Label(LabelNames.bucket, "+Inf"), beyond)
  }

  private mutating func addCustom(
    _ name: String, _ point: OTLPPoint, _ counts: [Double], _ bounds: [Double]
  ) {
    var histogram = FloatHistogram()
    histogram.schema = FloatHistogram.customBoundsSchema
    histogram.count = point.count
    histogram.sum = point.value(point.sum ?? 0)
    if !point.isStale {
      histogram.customBounds = bounds
      histogram.positiveSpans = [
        .init(offset: 0, length: UInt32(truncatingIfNeeded: counts.count))
      ]
      histogram.positiveBuckets = counts
    }
    add(name, point, histogram)
  }

  private mutating func add(_ name: String, _ point: OTLPPoint, _ histogram: FloatHistogram) {
    if let problem = HistogramCheck.problem(histogram) {
      return batch.warn("\(problem) in metric \(GoQuote.quote(name))")
    }
    batch.add(
      labels(name, point.attributes), point.timeMs, histogram.compacted, point.exemplars)
  }

  mutating func addExponential(_ name: String, _ bytes: Span<UInt8>) throws(ProtobufError) {
    var point = OTLPPoint()
    var histogram = FloatHistogram()
    // Observations that are nearly zero count as zero even where the sender does not say how near.
    histogram.zeroThreshold = 1e-128
    var scale: Int64 = 0
    var reader = ProtobufReader(bytes)
    while try reader.next() {
      switch reader.field {
      case 1: try point.attributes.add(try reader.message())
      case 3: point.setTime(try reader.fixed64())
      case 4: point.count = Double(try reader.fixed64())
      case 5: point.sum = try reader.double()
      case 6: scale = try reader.sint64()
      case 7: histogram.zeroCount = Double(try reader.fixed64())
      case 8:
        (histogram.positiveSpans, histogram.positiveBuckets) = try side(try reader.bytes())
      case 9:
        (histogram.negativeSpans, histogram.negativeBuckets) = try side(try reader.bytes())
      case 10: point.setFlags(try reader.uint64())
      case 11: point.exemplars.append(try exemplar(try reader.bytes()))
      case 14:
        let threshold = try reader.double()
        if threshold > 0 { histogram.zeroThreshold = threshold }
      default: break
      }
    }
    note(point.timeMs)
    guard scale >= Int64(FloatHistogram.exponentialSchemaMin) else {
      batch.warn(
        "cannot convert exponential to native histogram: Scale must be >= -4, was \(scale)")
      return
    }
    let finest = Int64(FloatHistogram.exponentialSchemaFinest)
    histogram.schema = Int32(truncatingIfNeeded: min(scale, finest))
    if histogram.schema > FloatHistogram.exponentialSchemaMax {
      histogram = histogram.reduced(toSchema: FloatHistogram.exponentialSchemaMax)
    }
    histogram.count = point.count
    histogram.sum = point.value(point.sum ?? 0)
    add(name, point, histogram)
  }

  /// Buckets of one sign. The first one begins at base^offset here; there, it ends at index 0 + 1.
  private func side(
    _ bytes: Span<UInt8>
  ) throws(ProtobufError) -> ([FloatHistogram.Span], [Double]) {
    var offset: Int64 = 0
    var counts: [UInt64] = []
    var reader = ProtobufReader(bytes)
    while try reader.next() {
      switch reader.field {
      case 1: offset = try reader.sint64()
      case 2: try reader.appendVarints(to: &counts)
      default: break
      }
    }
    guard !counts.isEmpty else { return ([], []) }
    let span = FloatHistogram.Span(
      offset: Int32(truncatingIfNeeded: offset) &+ 1,
      length: UInt32(truncatingIfNeeded: counts.count))
    return ([span], counts.map { Double($0) })
  }

  private func exemplar(_ bytes: Span<UInt8>) throws(ProtobufError) -> Exemplar {
    var attributes = OTLPAttributes()
    var labels: [Label] = []
    var value = 0.0
    var timeMs: Int64 = 0
    var reader = ProtobufReader(bytes)
    while try reader.next() {
      switch reader.field {
      case 2: timeMs = Int64(try reader.fixed64() / 1_000_000)
      case 3: value = try reader.double()
      case 4: labels.append(Label("span_id", hexadecimal(try reader.bytes())))
      case 5: labels.append(Label("trace_id", hexadecimal(try reader.bytes())))
      case 6: value = Double(Int64(bitPattern: try reader.fixed64()))
      case 7: try attributes.add(try reader.message())
      default: break
      }
    }
    for (name, text) in attributes.pairs { labels.append(Label(names.label(name), text)) }
    return Exemplar(labels: Labels(labels), value: value, timeMs: timeMs)
  }

  private func hexadecimal(_ bytes: Span<UInt8>) -> String {
    var out = ""
    for i in bytes.indices { out += bytes[i].hexadecimal(to: 2) }
    return out
  }
}
