import ApusModel
import ApusRemote
import ApusSystem
import ApusTelemetry
import Testing

struct WriteContentTests {
  private func receive(
    _ body: [UInt8], type: String? = nil, encoding: String? = nil
  ) -> WriteReceiver.Outcome {
    WriteReceiver(
      appender: FakeAppender(), clock: SettableClock(ms: 0), log: .none,
      metrics: MetricRegistry()
    ).receive(contentType: type, contentEncoding: encoding, body: body)
  }

  @Test(arguments: [
    nil, "", "application/x-protobuf", "application/x-protobuf;proto=prometheus.WriteRequest",
    "application/x-protobuf; proto=prometheus.WriteRequest; a=b",
  ])
  func `the types of the first protocol are taken`(type: String?) {
    #expect(receive(Snappy.compress([]), type: type, encoding: "Snappy").status == 204)
  }

  @Test(arguments: [
    (
      "application/json",
      "expected application/x-protobuf as the first (media) part, got application/json content-type"
    ),
    ("application/x-protobuf;proto=x", "got application/x-protobuf;proto=x content type; unknown"),
    ("application/x-protobuf;x", "as per https://www.rfc-editor.org/rfc/rfc9110#parameter"),
  ])
  func `other types are refused in Prometheus's words`(type: String, text: String) {
    let outcome = receive(Snappy.compress([]), type: type)
    #expect(outcome.status == 415)
    #expect(outcome.text.hasPrefix(text))
  }

  @Test func `other compressions are refused`() {
    #expect(
      receive([], encoding: "gzip")
        == WriteReceiver.Outcome(
          status: 415,
          text: "gzip encoding (compression) is not accepted by this server; "
            + "only snappy is acceptable"))
  }

  @Test(arguments: [
    [], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF], Array("not snappy at all".utf8),
    // Says that it expands to 512 MiB, and does not.
    [0x80, 0x80, 0x80, 0x80, 0x02, 0x00, 0x61],
  ])
  func `what is not snappy is a bad request`(body: [UInt8]) {
    let outcome = receive(body)
    #expect(outcome.status == 400)
    #expect(outcome.text.contains("snappy"))
  }

  @Test func `what expands too far is refused before it does`() {
    let body = Snappy.compress([UInt8](repeating: 0, count: Limits.writeBytesMax + 1))
    #expect(
      receive(body)
        == WriteReceiver.Outcome(
          status: 400, text: "decoded size exceeds the 33554432 bytes limit"))
  }

  @Test(arguments: [
    [0x0A, 0x05, 0x0A], [0x0A, 0x02, 0x0A, 0x7F], [0x07], [0x0A, 0x02, 0x12, 0x09],
    [0x0A, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
    [0x0A, 0x0C, 0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, 0x00],
  ])
  func `what is not protobuf is a bad request`(message: [UInt8]) {
    let outcome = receive(Snappy.compress(message))
    #expect(outcome.status == 400)
    #expect(outcome.text.contains("protobuf"))
  }
}
