import ApusModel
import ApusPromQL
import ApusSystem
import ApusWeb
import Testing

struct CompressionTests {
  private func handlers(points: Int) throws -> WebHandlers {
    let series = RangeSeries(
      labels: ["a": "b"], times: (0..<points).map { Int64($0) * 1000 },
      values: (0..<points).map(Double.init))
    return try Fixture.handlers(Fixture.backends(engine: FakeEngine(.matrix([series]))))
  }

  private let path = "/api/v1/query_range?query=x&start=0&end=1&step=1"

  @Test(arguments: [("gzip", "gzip"), ("br, deflate;q=0.5, gzip", "deflate")], [100, 50_000])
  func `an answer is compressed with the first codec that both know`(
    codec: (accepted: String, used: String), points: Int
  ) async throws {
    let handlers = try handlers(points: points)
    let plain = await handlers.get(path)
    #expect(plain.header("Content-Encoding") == nil)
    let packed = await handlers.get(path, headers: ["Accept-Encoding": codec.accepted])
    #expect(packed.header("Content-Encoding") == codec.used)
    #expect(packed.headers.contains { $0.name == "Vary" && $0.value == "Accept-Encoding" })
    let bytes = packed.wholeBody()
    #expect(bytes.count < plain.wholeBody().count / 2)
    #expect(try Gzip.expand(bytes, maxBytes: 1 << 24) == plain.wholeBody())
  }

  @Test func `a short answer, or one to a client that cannot, stays as it is`() async throws {
    let short = try await handlers(points: 1).get(path, headers: ["Accept-Encoding": "gzip"])
    #expect(short.header("Content-Encoding") == nil)
    let other = try await handlers(points: 100).get(path, headers: ["Accept-Encoding": "br"])
    #expect(other.header("Content-Encoding") == nil)
  }
}
