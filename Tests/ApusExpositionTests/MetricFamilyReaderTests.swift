import ApusExposition
import ApusModel
import ApusTesting
import Testing

@Suite struct MetricFamilyReaderTests {
  /// What stands in a body: families, then series with their values.
  private func read(_ body: [UInt8]) throws -> [String] {
    var lines: [String] = []
    var families = MetricFamilyReader(body.span)
    var metric = ProtobufMetric()
    while try families.next() {
      let (name, help) = (families.string(families.name), families.string(families.help))
      lines.append("\(families.kind) \(name) \(help) \(families.string(families.unit))")
      while try families.nextMetric(&metric) {
        if metric.isNative { lines.append("native \(try families.nativeHistogram(of: metric))") }
        for exemplar in try families.nativeExemplars(of: metric) {
          lines.append("native exemplar \(exemplar.labels) \(exemplar.timeMs ?? -1)")
        }
        for point in metric.points {
          let labels = try families.labels(of: metric, point.part, bound: point.bound)
          let time = metric.timeMs.map { " @\($0)" } ?? ""
          let created = metric.createdMs.map { " created \($0)" } ?? ""
          let exemplar =
            try families.exemplar(of: point).map { " # \($0.labels) \($0.value)" } ?? ""
          lines.append("\(labels) \(point.value)\(time)\(created)\(exemplar)")
        }
      }
    }
    return lines
  }

  @Test func `counters, gauges and untyped metrics`() throws {
    let counter: ProtobufBody.Fields = {
      $0.labels([("code", "200"), ("utf.8", "ü")])
      $0.message(3) {
        $0.double(1, 17)
        $0.message(2) {
          $0.labels([("trace", "a")])
          $0.double(2, 0.5)
        }
        $0.message(3) {
          $0.number(1, 1_700_000_000)
          $0.number(2, 5_000_000)
        }
      }
    }
    let body =
      ProtobufBody.family("c_bytes_total", .counter, help: "Bytes.", unit: "bytes", counter)
      + ProtobufBody.family(
        "g", .gauge, ProtobufBody.value(2, -1), ProtobufBody.value(2, 2, [("a", "b")], timeMs: 99))
      + ProtobufBody.family("empty", .gauge)
      + ProtobufBody.family("u", .untyped, ProtobufBody.value(5, 3))
    #expect(
      try read(body) == [
        "counter c_bytes_total Bytes. bytes",
        #"{__name__="c_bytes_total", code="200", "utf.8"="ü"} 17.0 created 1700000000005"#
          + ##" # {trace="a"} 0.5"##,
        "gauge g  ", #"{__name__="g"} -1.0"#, #"{__name__="g", a="b"} 2.0 @99"#,
        "unknown u  ", #"{__name__="u"} 3.0"#,
      ])
  }

  @Test func `summaries and classic histograms become several series`() throws {
    let summary: ProtobufBody.Fields = {
      $0.labels([("a", "b")])
      $0.message(4) {
        $0.number(1, 7)
        $0.double(2, 8.5)
        $0.message(3) {
          $0.double(1, 0.5)
          $0.double(2, 3)
        }
      }
    }
    let open = ProtobufBody.histogram {
      $0.number(1, 5)
      $0.double(2, 2.5)
      $0.bucket(1, 3)
    }
    let closed = ProtobufBody.histogram([("x", "y")]) {
      $0.bucket(.infinity, 5)
      $0.bucket(2, 5)
    }
    let body =
      ProtobufBody.family("s", .summary, summary)
      + ProtobufBody.family("h", .histogram, open, closed)
    #expect(
      try read(body) == [
        "summary s  ", #"{__name__="s_count", a="b"} 7.0"#, #"{__name__="s_sum", a="b"} 8.5"#,
        #"{__name__="s", a="b", quantile="0.5"} 3.0"#,
        "histogram h  ", #"{__name__="h_count"} 5.0"#, #"{__name__="h_sum"} 2.5"#,
        #"{__name__="h_bucket", le="1.0"} 3.0"#, #"{__name__="h_bucket", le="+Inf"} 5.0"#,
        #"{__name__="h_count", x="y"} 0.0"#, #"{__name__="h_sum", x="y"} 0.0"#,
        #"{__name__="h_bucket", le="+Inf", x="y"} 5.0"#,
      ])
  }

  @Test func `native histograms of whole and of broken numbers`() throws {
    let whole = ProtobufBody.histogram {
      $0.number(1, 10)
      $0.double(2, 4)
      $0.signed(5, 3)
      $0.double(6, 0.001)
      $0.number(7, 2)
      $0.span(9, -2, 1)
      $0.deltas(10, [3])
      $0.span(12, 0, 2)
      $0.deltas(13, [1, 3])
    }
    let broken = ProtobufBody.histogram {
      $0.double(4, 3.5)
      $0.double(8, 0.5)
      $0.span(12, 1, 2)
      $0.doubles(14, [1, 2])
    }
    let body = ProtobufBody.family("h", .gaugeHistogram, whole, broken)
    var families = MetricFamilyReader(body.span)
    var metric = ProtobufMetric()
    #expect(try families.next())
    #expect(try families.nextMetric(&metric))
    #expect(metric.isNative && !metric.hasClassicBuckets)
    let first = try families.nativeHistogram(of: metric)
    #expect(first.isInteger)
    #expect(first.histogram.negativeBuckets == [3])
    #expect(first.histogram.positiveBuckets == [1, 4])
    #expect(first.histogram.negativeSpans == [.init(offset: -2, length: 1)])
    #expect(first.histogram.schema == 3 && first.histogram.zeroCount == 2)
    #expect(first.histogram.resetHint == .gauge)
    #expect(try families.nextMetric(&metric))
    let second = try families.nativeHistogram(of: metric)
    #expect(!second.isInteger)
    #expect(second.histogram.count == 3.5 && second.histogram.zeroCount == 0.5)
    #expect(second.histogram.positiveBuckets == [1, 2])
    #expect(try !families.nextMetric(&metric))
    #expect(try !families.next())
  }

  @Test(
    arguments: [
      (
        [0x05, 0x0A],
        "protobufparse: insufficient length of buffer, expected at least 6 bytes, got 2"
          + " bytes"
      ),
      ([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], "protobufparse: invalid varint encountered"),
      ([0x80], "protobufparse: invalid varint encountered"),
      ([0x02, 0x22, 0x00], "invalid metric name: "),
      ([0x05, 0x0A, 0x01, 0xFF, 0x22, 0x00], "invalid metric name: \u{FFFD}"),
      (
        [0x07, 0x0A, 0x01, 0x61, 0x18, 0x09, 0x22, 0x00],
        #"unknown metric type for metric "a": 9"#
      ),
      (
        [0x08, 0x0A, 0x01, 0x61, 0x22, 0x00, 0x2A, 0x01, 0x73],
        #"unit "s" not a suffix of counter "a""#
      ),
    ] as [([UInt8], String)])
  func `what is wrong is said in Prometheus's words`(body: [UInt8], text: String) {
    let text = text.replacing("of counter \"a\"", with: "of metric \"a\"")
    #expect(throws: ExpositionError(text)) { try read(body) }
  }

  @Test func `labels that repeat or are no text are refused`() {
    let twice = ProtobufBody.family(
      "a", .gauge, ProtobufBody.value(2, 1, [("x", "1"), ("x", "2")]))
    #expect(throws: ExpositionError(#"label name "x" is not unique: invalid sample"#)) {
      try read(twice)
    }
    let nameless = ProtobufBody.family("a", .gauge, ProtobufBody.value(2, 1, [("", "1")]))
    #expect(throws: ExpositionError("invalid label name: ")) { try read(nameless) }
  }

  /// Small steps of a linear congruential generator: the same on every run.
  private struct Dice {
    var state: UInt64
    mutating func roll(_ sides: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % max(1, sides)
    }
  }

  @Test func `mutated bodies are read or refused, never more`() {
    let histogram = ProtobufBody.histogram([("a", "b")]) {
      $0.number(1, 10)
      $0.double(2, 4)
      $0.bucket(1, 3)
      $0.signed(5, 3)
      $0.double(6, 0.001)
      $0.span(9, -2, 1)
      $0.deltas(10, [3])
      $0.span(12, 0, 2)
      $0.deltas(13, [1, 3])
      $0.message(16) {
        $0.labels([("t", "x")])
        $0.message(3) { $0.number(1, 5) }
      }
    }
    let body =
      ProtobufBody.family("h", .histogram, help: "help", histogram, histogram)
      + ProtobufBody.family("g", .gauge, ProtobufBody.value(2, 1, [("a", "b")], timeMs: 5))
    var dice = Dice(state: 5)
    var refused = 0
    for _ in 0..<20_000 {
      var mutated = body
      for _ in 0...dice.roll(4) {
        let place = dice.roll(mutated.count)
        switch dice.roll(4) {
        case 0: mutated[place] ^= 1 << UInt8(dice.roll(8))
        case 1: mutated[place] = UInt8(dice.roll(256))
        case 2: mutated.remove(at: place)
        default: mutated.insert(UInt8(dice.roll(256)), at: place)
        }
      }
      if (try? read(mutated)) == nil { refused += 1 }
    }
    #expect(refused > 1_000 && refused < 20_000)
  }
}
