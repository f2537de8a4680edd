import ApusModel
import ApusRemote
import ApusStorage
import ApusSystem
import ApusTelemetry
import Synchronization
import Testing

struct WriteReceiverTests {
  private let store = FakeAppender()
  private let clock = SettableClock(ms: 1_000_000)
  private let metrics = MetricRegistry()

  private func receiver() -> WriteReceiver {
    WriteReceiver(appender: store, clock: clock, log: .none, metrics: metrics)
  }

  private func send(
    _ body: WriteBody, to receiver: WriteReceiver
  ) -> WriteReceiver.Outcome {
    receiver.receive(
      contentType: "application/x-protobuf", contentEncoding: "snappy", body: body.compressed)
  }

  private let noContent = WriteReceiver.Outcome(status: 204)

  @Test func `samples arrive in columns, by series`() {
    var body = WriteBody()
    body.add(["__name__": "up", "job": "a"], [(1000, 1), (2000, .nan)])
    body.add(["__name__": "x"], [(1500, -2.5)])
    #expect(send(body, to: receiver()) == noContent)
    #expect(store.resolvedText == [#"{__name__="up", job="a"}"#, #"{__name__="x"}"#])
    let batch = store.batches[0]
    #expect(batch.refs.map(\.number) == [1, 1, 2])
    #expect(batch.times == [1000, 2000, 1500])
    #expect(batch.values[0] == 1 && batch.values[1].isNaN && batch.values[2] == -2.5)
  }

  @Test func `stale markers keep their bits`() {
    var body = WriteBody()
    body.add(["__name__": "up"], [(1000, StaleMarker.value)])
    _ = send(body, to: receiver())
    #expect(store.batches[0].values[0].bitPattern == StaleMarker.bits)
  }

  @Test func `a series that was seen before is not resolved again`() {
    let receiver = receiver()
    for time: Int64 in [1000, 2000, 3000] {
      var body = WriteBody()
      body.add(["__name__": "up"], [(time, 1)])
      #expect(send(body, to: receiver) == noContent)
    }
    #expect(store.resolvedText.count == 1)
    #expect(store.batches.map { $0.refs.map(\.number) } == [[1], [1], [1]])
  }

  @Test func `a series that nobody names for an hour is forgotten, one in use is not`() {
    let receiver = receiver()
    func send(_ name: String) {
      var body = WriteBody()
      body.add(["__name__": name], [(1000, 1)])
      _ = self.send(body, to: receiver)
    }
    send("idle")
    send("used")
    for _ in 0..<3 {
      clock.advance(byMs: Limits.cacheGenerationMs)
      send("used")
    }
    #expect(store.resolvedText.count == 2)
    send("idle")
    #expect(store.resolvedText.count == 3)
  }

  @Test func `a series that the store let go is resolved again, and its samples stored`() {
    let receiver = receiver()
    var body = WriteBody()
    body.add(["__name__": "a"], [(1000, 1)])
    body.add(["__name__": "b"], [(1000, 2)])
    _ = send(body, to: receiver)
    store.state.withLock { _ = $0.forgotten.insert(SeriesRef(2)) }
    #expect(send(body, to: receiver) == noContent)
    #expect(store.batches.count == 3)
    #expect(store.batches[2].refs.map(\.number) == [3])
    #expect(store.batches[2].values == [2])
    #expect(store.labels(of: SeriesRef(3)) == ["__name__": "b"])
    _ = send(body, to: receiver)
    #expect(store.batches[3].refs.map(\.number) == [1, 3])
  }

  @Test(arguments: [
    (AppendError.outOfOrder, "out of order sample"),
    (
      .duplicate,
      "duplicate sample for timestamp 1000; overrides not allowed: existing is a histogram, "
        + "new value 1"
    ),
    (.outOfBounds, "out of bounds"), (.tooOld, "too old sample"),
  ])
  func `a refused sample is a bad request, the others are stored`(
    error: AppendError, text: String
  ) {
    store.state.withLock { $0.errors[1000] = error }
    var body = WriteBody()
    body.add(["__name__": "a"], [(1000, 1), (2000, 2)])
    #expect(send(body, to: receiver()) == WriteReceiver.Outcome(status: 400, text: text))
    #expect(store.batches[0].times == [1000, 2000])
  }

  @Test func `a sample far ahead of our clock is out of bounds`() {
    var body = WriteBody()
    body.add(["__name__": "a"], [(1_600_000, 1), (1_600_001, 2)])
    #expect(
      send(body, to: receiver()) == WriteReceiver.Outcome(status: 400, text: "out of bounds"))
    #expect(store.batches[0].times == [1_600_000])
  }

  @Test func `series with labels that none may have are left out and counted`() {
    var body = WriteBody()
    body.add(["job": "a"], [(1, 1)])
    body.add(["__name__": ""], [(1, 1)])
    body.add(["__name__": "a", "": "b"], [(1, 1)])
    body.add(["__name__": "a", "x": "1", "x": "2"], [(1, 1), (2, 1)])
    body.add(series: [0x0A, 0x0D, 0x0A, 0x08] + Array("__name__".utf8) + [0x12, 0x01, 0xFF])
    body.add(["__name__": "good"], [(1, 1)])
    let receiver = receiver()
    for _ in 0..<2 { #expect(send(body, to: receiver) == noContent) }
    #expect(store.resolvedText == [#"{__name__="good"}"#])
    #expect(store.batches[1].refs.map(\.number) == [1])
    let counted = metrics.snapshot().first {
      $0.name == "prometheus_api_remote_write_invalid_labels_samples_total"
    }
    #expect(counted?.points.first?.value == 10)
  }

  @Test func `labels are sorted, empty ones dropped`() {
    var body = WriteBody()
    body.add(["job": "j", "empty": "", "__name__": "a"], [(1, 1)])
    _ = send(body, to: receiver())
    #expect(store.resolvedText == [#"{__name__="a", job="j"}"#])
  }

  @Test func `labels that stand behind and between samples are found`() {
    var body = WriteBody()
    body.add(
      series: WriteBody.sampleField((1000, 1)) + WriteBody.labelFields(["job": "j"])
        + WriteBody.sampleField((2000, 2)) + WriteBody.labelFields(["__name__": "a"]))
    body.add(
      series: WriteBody.labelFields(["__name__": "b"]) + WriteBody.sampleField((3000, 3))
        + WriteBody.labelFields(["job": "j"]))
    #expect(send(body, to: receiver()) == noContent)
    #expect(store.resolvedText == [#"{__name__="a", job="j"}"#, #"{__name__="b", job="j"}"#])
    #expect(store.batches[0].refs.map(\.number) == [1, 1, 2])
  }

  @Test func `long label values keep their bytes`() {
    let long = String(repeating: "lang ", count: 100)
    var body = WriteBody()
    body.add(["__name__": "a", "text": long], [(1, 1)])
    _ = send(body, to: receiver())
    #expect(store.labels(of: SeriesRef(1))["text"] == long)
  }

  @Test func `an exemplar may have no labels`() {
    var body = WriteBody()
    body.add(
      series: WriteBody.labelFields(["__name__": "a"]) + WriteBody.sampleField((7, 1))
        + WriteBody.exemplarField([:], value: 0.5, timeMs: 7))
    #expect(send(body, to: receiver()) == noContent)
    #expect(
      store.batches[0].exemplars.map(\.exemplar) == [
        Exemplar(labels: .empty, value: 0.5, timeMs: 7)
      ])
  }

  @Test func `exemplars ride along with their series`() {
    var body = WriteBody()
    body.add(
      series: WriteBody.labelFields(["__name__": "a"]) + WriteBody.sampleField((1, 1))
        + WriteBody.exemplarField(["trace_id": "t"], value: 0.5, timeMs: 7))
    #expect(send(body, to: receiver()) == noContent)
    let exemplar = store.batches[0].exemplars[0]
    #expect(exemplar.ref == SeriesRef(1))
    #expect(
      exemplar.exemplar == Exemplar(labels: ["trace_id": "t"], value: 0.5, timeMs: 7))
  }

  @Test func `a store that fails is a server error`() {
    store.state.withLock { $0.failure = StorageError(.system, "disk full") }
    var body = WriteBody()
    body.add(["__name__": "a"], [(1, 1)])
    #expect(send(body, to: receiver()) == WriteReceiver.Outcome(status: 500, text: "disk full"))
  }

  @Test func `an empty request is fine`() {
    #expect(send(WriteBody(), to: receiver()) == noContent)
  }
}
