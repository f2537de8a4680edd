import ApusConfig
import ApusModel
import ApusRemote
import ApusStorage
import ApusSystem
import ApusTelemetry
import Synchronization
import Testing

struct OTLPReceiverTests {
  private let store = FakeAppender()
  private let clock = SettableClock(ms: 10_000_000)

  private typealias Write = (inout ProtobufWriter) -> Void

  private func receiver(
    addsTypeAndUnit: Bool = false, _ change: (inout OTLPConfig) -> Void = { _ in }
  ) -> OTLPReceiver {
    var config = OTLPConfig()
    change(&config)
    return OTLPReceiver(
      appender: store, clock: clock, log: .none, lookbackDeltaMs: 300_000,
      addsTypeAndUnit: addsTypeAndUnit, config: { [config] in config })
  }

  private func attribute(_ field: Int, _ name: String, _ value: String) -> Write {
    { writer in
      writer.message(field) {
        $0.string(1, name)
        $0.message(2) { $0.string(1, value) }
      }
    }
  }

  private func request(
    resource: [(String, String)] = [("service.name", "shop"), ("service.instance.id", "i1")],
    _ metrics: Write...
  ) -> [UInt8] {
    var writer = ProtobufWriter()
    writer.message(1) { all in
      all.message(1) { for (name, value) in resource { attribute(1, name, value)(&$0) } }
      all.message(2) { scope in
        scope.message(1) {
          $0.string(1, "lib")
          $0.string(2, "v1")
        }
        for metric in metrics { scope.message(2) { metric(&$0) } }
      }
    }
    return writer.array()
  }

  private func metric(
    _ name: String, _ unit: String, _ field: Int, _ points: @escaping Write
  ) -> Write {
    { writer in
      writer.string(1, name)
      writer.string(3, unit)
      writer.message(field) { points(&$0) }
    }
  }

  private func number(_ value: Double, ms: UInt64 = 1_000_000, flags: UInt64 = 0) -> Write {
    { writer in
      writer.message(1) {
        attribute(7, "http.method", "GET")(&$0)
        $0.fixed64(3, ms * 1_000_000)
        $0.double(4, value)
        $0.uint64(8, flags)
      }
    }
  }

  private func send(_ body: [UInt8], to receiver: OTLPReceiver) -> WriteReceiver.Outcome {
    receiver.receive(
      contentType: "application/x-protobuf", contentEncoding: nil, body: body)
  }

  /// Everything stored, as text.
  private var stored: [String] {
    store.batches.flatMap { batch in
      zip(batch.refs, zip(batch.times, batch.values)).map { ref, sample in
        let value = StaleMarker.isStale(sample.1) ? "stale" : "\(sample.1)"
        return "\(store.labels(of: ref)) \(value) @\(sample.0)"
      }
    }
  }

  @Test func `gauges and sums get names with units, labels and whom they are about`() {
    let cumulative: Write = {
      $0.uint64(2, 2)
      $0.bool(3, true)
    }
    let body = request(
      metric("queue.size", "1", 5, number(0.5)),
      metric("http.requests", "{request}", 7) {
        number(7)(&$0)
        cumulative(&$0)
      },
      metric("data-sent", "By/s", 5, number(1, flags: 1)))
    #expect(send(body, to: receiver()) == .init(status: 200))
    let who = #"http_method="GET", instance="i1", job="shop"}"#
    #expect(
      stored == [
        #"{__name__="queue_size_ratio", \#(who) 0.5 @1000000"#,
        #"{__name__="http_requests_total", \#(who) 7.0 @1000000"#,
        #"{__name__="data_sent_bytes_per_second", \#(who) stale @1000000"#,
      ])
  }

  @Test func `type and unit become labels where that is wanted`() {
    let body = request(
      resource: [],
      metric("sent", "By/s", 5, number(1)),
      metric("requests", "{request}", 7) {
        number(7)(&$0)
        $0.uint64(2, 2)
        $0.bool(3, true)
      })
    _ = send(body, to: receiver(addsTypeAndUnit: true))
    #expect(
      stored == [
        #"{__name__="sent_bytes_per_second", __type__="gauge", __unit__="bytes_per_second","#
          + #" http_method="GET"} 1.0 @1000000"#,
        #"{__name__="requests_total", __type__="counter", http_method="GET"} 7.0 @1000000"#,
      ])
  }

  @Test func `the resource is told by target_info, or promoted`() {
    let resource = [
      ("service.name", "shop"), ("service.namespace", "eu"), ("host.name", "h"), ("os", "linux"),
    ]
    let body = request(resource: resource, metric("up", "", 5, number(1)))
    _ = send(
      body,
      to: receiver {
        $0.promotedResourceAttributes = ["host.name"]
        $0.promotesScopeMetadata = true
      })
    #expect(
      stored == [
        #"{__name__="up", host_name="h", http_method="GET", job="eu/shop","#
          + #" otel_scope_name="lib", otel_scope_version="v1"} 1.0 @1000000"#,
        #"{__name__="target_info", host_name="h", job="eu/shop", os="linux"} 1.0 @1000000"#,
      ])
  }

  private let histogram: Write = { writer in
    writer.message(1) {
      $0.fixed64(3, 1_000_000_000_000)
      $0.fixed64(4, 6)
      $0.double(5, 9)
      for count: UInt64 in [1, 2, 3] { $0.fixed64(6, count) }
      $0.packedDoubles(7, [1, 2.5])
      $0.message(8) {
        $0.double(3, 2)
        $0.bytes(5, [0xAB, 0x01].span)
      }
    }
    writer.uint64(2, 2)
  }

  @Test func `histograms are classic, or have custom buckets`() {
    let body = request(resource: [], metric("latency", "s", 9, histogram))
    _ = send(body, to: receiver())
    #expect(
      stored == [
        #"{__name__="latency_seconds_sum"} 9.0 @1000000"#,
        #"{__name__="latency_seconds_count"} 6.0 @1000000"#,
        #"{__name__="latency_seconds_bucket", le="1"} 1.0 @1000000"#,
        #"{__name__="latency_seconds_bucket", le="2.5"} 3.0 @1000000"#,
        #"{__name__="latency_seconds_bucket", le="+Inf"} 6.0 @1000000"#,
      ])
    #expect(store.batches[0].exemplars.map(\.exemplar.labels) == [["trace_id": "ab01"]])
    #expect(store.labels(of: store.batches[0].exemplars[0].ref).value(of: "le") == "2.5")
    _ = send(body, to: receiver { $0.convertsHistograms = true })
    let custom = store.batches[1].histograms[0]
    #expect(custom.schema == -53 && custom.customBounds == [1, 2.5])
    #expect(custom.positiveBuckets == [1, 2, 3] && custom.count == 6 && custom.sum == 9)
  }

  @Test func `exponential histograms become native ones, no finer than allowed`() {
    let exponential: Write = { writer in
      writer.message(1) {
        $0.fixed64(3, 1_000_000_000_000)
        $0.fixed64(4, 4)
        $0.double(5, 9)
        $0.sint64(6, 9)
        $0.fixed64(7, 1)
        $0.message(8) {
          $0.sint64(1, 0)
          $0.packedVarints(2, [1, 2])
        }
      }
      writer.uint64(2, 2)
    }
    _ = send(request(resource: [], metric("e", "", 10, exponential)), to: receiver())
    let native = store.batches[0].histograms[0]
    #expect(native.schema == 8 && native.zeroCount == 1 && native.zeroThreshold == 1e-128)
    #expect(native.positiveBuckets == [3])
    #expect(native.positiveSpans == [.init(offset: 1, length: 1)])
  }

  @Test func `summaries have quantiles`() {
    let summary: Write = { writer in
      writer.message(1) {
        $0.fixed64(3, 1_000_000_000_000)
        $0.fixed64(4, 4)
        $0.double(5, 9)
        $0.message(6) {
          $0.double(1, 0.5)
          $0.double(2, 3)
        }
      }
    }
    _ = send(request(resource: [], metric("s", "", 11, summary)), to: receiver())
    #expect(
      stored == [
        #"{__name__="s_sum"} 9.0 @1000000"#, #"{__name__="s_count"} 4.0 @1000000"#,
        #"{__name__="s", quantile="0.5"} 3.0 @1000000"#,
      ])
  }

  @Test func `deltas are left out, refused samples are a bad request`() {
    let delta = metric("d", "", 7) {
      number(1)(&$0)
      $0.uint64(2, 1)
    }
    #expect(send(request(resource: [], delta), to: receiver()) == .init(status: 200))
    #expect(store.batches.isEmpty)
    store.state.withLock { $0.errors[1_000_000] = .outOfOrder }
    let late = request(resource: [], metric("g", "", 5, number(1)))
    #expect(send(late, to: receiver()) == .init(status: 400, text: "out of order sample"))
    let ahead = request(resource: [], metric("g", "", 5, number(1, ms: 99_000_000)))
    #expect(send(ahead, to: receiver()) == .init(status: 400, text: "out of bounds"))
  }

  @Test func `bodies of other kinds are refused, gzip is taken`() {
    let body = request(metric("g", "", 5, number(1)))
    func status(_ type: String?, _ encoding: String?, _ bytes: [UInt8]) -> Int {
      receiver().receive(contentType: type, contentEncoding: encoding, body: bytes).status
    }
    let type = "application/x-protobuf"
    #expect(status(type, "gzip", Gzip.compress(body)) == 200)
    #expect(status(type, "gzip", body) == 400)
    #expect(status(type, "br", body) == 400)
    #expect(status("text/plain", nil, body) == 400)
    #expect(status(type, nil, [0xFF]) == 400)
  }

  @Test func `mutated requests are stored or refused, never more`() {
    let body = request(
      metric("latency", "s", 9, histogram), metric("queue.size", "1", 5, number(0.5)))
    var state: UInt64 = 11
    func roll(_ sides: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % sides
    }
    let receiver = receiver()
    var statuses: Set<Int> = []
    for _ in 0..<3_000 {
      var bytes = body
      for _ in 0...roll(3) {
        let place = roll(bytes.count)
        if roll(2) == 0 { bytes[place] = UInt8(roll(256)) } else { bytes.remove(at: place) }
      }
      statuses.insert(send(bytes, to: receiver).status)
    }
    #expect(statuses == [200, 400])
  }
}
