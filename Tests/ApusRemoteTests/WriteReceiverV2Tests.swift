import ApusModel
import ApusRemote
import ApusStorage
import ApusSystem
import ApusTelemetry
import Synchronization
import Testing

/// Builds bodies of remote write 2.0.
private struct SymbolBody {
  private(set) var symbols = [""]
  private var series: [UInt8] = []

  mutating func ref(_ text: String) -> UInt64 {
    if let known = symbols.firstIndex(of: text) { return UInt64(known) }
    symbols.append(text)
    return UInt64(symbols.count - 1)
  }

  mutating func add(
    _ labels: KeyValuePairs<String, String>, _ samples: [(Int64, Double)] = [],
    exemplar: (Int64, String)? = nil, _ more: (inout ProtobufWriter) -> Void = { _ in }
  ) {
    var refs: [UInt64] = []
    for (name, value) in labels { refs += [ref(name), ref(value)] }
    let trace = exemplar.map { ($0.0, [ref("trace"), ref($0.1)]) }
    add(refs: refs, samples) {
      if let (timeMs, refs) = trace {
        $0.message(4) {
          $0.packedVarints(1, refs)
          $0.double(2, 0.5)
          $0.int64(3, timeMs)
        }
      }
      more(&$0)
    }
  }

  mutating func add(
    refs: [UInt64], _ samples: [(Int64, Double)] = [],
    _ more: (inout ProtobufWriter) -> Void = { _ in }
  ) {
    var writer = ProtobufWriter()
    writer.message(5) {
      $0.packedVarints(1, refs)
      for (timeMs, value) in samples {
        $0.message(2) {
          $0.double(1, value)
          $0.int64(2, timeMs)
        }
      }
      more(&$0)
    }
    series += writer.array()
  }

  var bytes: [UInt8] {
    var writer = ProtobufWriter()
    for symbol in symbols { writer.string(4, symbol) }
    return writer.array() + series
  }
}

struct WriteReceiverV2Tests {
  private let store = FakeAppender()
  private let clock = SettableClock(ms: 1_000_000)

  private func receiver(
    _ accepted: [WriteMessage] = WriteMessage.allCases, addsTypeAndUnit: Bool = false
  ) -> WriteReceiver {
    WriteReceiver(
      appender: store, clock: clock, log: .none, metrics: MetricRegistry(), accepted: accepted,
      addsTypeAndUnit: addsTypeAndUnit)
  }

  private func send(_ bytes: [UInt8], to receiver: WriteReceiver) -> WriteReceiver.Outcome {
    receiver.receive(
      contentType: "application/x-protobuf;proto=io.prometheus.write.v2.Request",
      contentEncoding: "snappy", body: Snappy.compress(bytes))
  }

  @Test func `samples, histograms and exemplars are stored and counted`() {
    let receiver = receiver()
    for round in 0..<2 {
      var body = SymbolBody()
      if round == 1 { _ = body.ref("shifts all numbers") }
      body.add(["__name__": "up", "job": "a"], [(1000, 1), (2000, 2)], exemplar: (1500, "t"))
      body.add(["__name__": "h"]) {
        $0.message(3) {
          $0.uint64(1, 3)
          $0.double(3, 9)
          $0.message(11) {
            $0.sint64(1, 0)
            $0.uint64(2, 1)
          }
          $0.packedZigzag(12, [3])
          $0.int64(15, 1000)
        }
      }
      #expect(
        send(body.bytes, to: receiver)
          == .init(status: 204, written: .init(samples: 2, histograms: 1, exemplars: 1)))
    }
    #expect(store.resolvedText == [#"{__name__="up", job="a"}"#, #"{__name__="h"}"#])
    let batch = store.batches[1]
    #expect(batch.refs.map(\.number) == [1, 1] && batch.values == [1, 2])
    #expect(batch.histogramRefs.map(\.number) == [2])
    #expect(batch.histograms[0].positiveBuckets == [3])
    #expect(batch.exemplars.map(\.exemplar.labels) == [["trace": "t"]])
  }

  @Test func `type and unit become labels where that is wanted`() {
    var body = SymbolBody()
    let unit = body.ref("seconds")
    for (kind, ref): (UInt64, UInt64) in [(1, unit), (2, 0), (0, 0), (1, unit)] {
      body.add(["__name__": "a", "__type__": "own"], [(1000, 1)]) {
        $0.message(5) {
          $0.uint64(1, kind)
          $0.uint64(4, ref)
        }
      }
    }
    _ = send(body.bytes, to: receiver(addsTypeAndUnit: true))
    #expect(
      store.resolvedText == [
        #"{__name__="a", __type__="counter", __unit__="seconds"}"#,
        #"{__name__="a", __type__="gauge"}"#, #"{__name__="a", __type__="own"}"#,
        #"{__name__="a", __type__="counter", __unit__="seconds"}"#,
      ])
    _ = send(body.bytes, to: receiver())
    #expect(store.resolvedText.last == #"{__name__="a", __type__="own"}"#)
  }

  @Test func `what can not be stored is named, the rest is stored`() {
    store.state.withLock { $0.errors[3000] = .outOfOrder }
    var body = SymbolBody()
    body.add(["__name__": "good"], [(1000, 1), (3000, 1), (9_000_000, 1)])
    body.add(["job": "nameless"], [(1000, 1)])
    body.add(["__name__": "twice", "a": "1", "a": "2"], [(1000, 1)])
    body.add(["__name__": "empty"])
    body.add(refs: [0, 99], [(1000, 1)])
    body.add(refs: [0, 1, 0], [(1000, 1)])
    let outcome = send(body.bytes, to: receiver())
    #expect(outcome.status == 400)
    #expect(outcome.written == .init(samples: 1))
    #expect(
      outcome.text.split(separator: "\n").map(String.init) == [
        #"out of bounds for series {__name__="good"}"#,
        #"invalid metric name or labels, got {job="nameless"}"#,
        "invalid metric name or labels, got with unreadable labels",
        #"TimeSeries must contain at least one sample or histogram for series {__name__="empty"}"#,
        "parsing labels for series: labelRefs 1 = 99 outside of symbols table (size 10)",
        "parsing labels for series: invalid labelRefs length 3",
        #"out of order sample for series {__name__="good"}"#,
      ])
    #expect(store.batches[0].times == [1000, 3000])
  }

  @Test func `a message that is not accepted is refused`() {
    #expect(send([], to: receiver([.v1])).status == 415)
    let first = receiver([.v2]).receive(
      contentType: nil, contentEncoding: nil, body: Snappy.compress([]))
    #expect(
      first.text == "prometheus.WriteRequest protobuf message is not accepted by this server; "
        + "only accepts io.prometheus.write.v2.Request")
  }

  @Test func `mutated requests are stored or refused, never more`() {
    var body = SymbolBody()
    body.add(["__name__": "up", "job": "a"], [(1000, 1), (2000, 2)], exemplar: (1500, "t"))
    body.add(["__name__": "b"], [(1000, 1)])
    var state: UInt64 = 7
    func roll(_ sides: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % sides
    }
    let receiver = receiver()
    var statuses: Set<Int> = []
    for _ in 0..<5_000 {
      var bytes = body.bytes
      for _ in 0...roll(3) {
        let place = roll(bytes.count)
        if roll(2) == 0 { bytes[place] = UInt8(roll(256)) } else { bytes.remove(at: place) }
      }
      statuses.insert(send(bytes, to: receiver).status)
    }
    #expect(statuses == [204, 400])
  }
}
