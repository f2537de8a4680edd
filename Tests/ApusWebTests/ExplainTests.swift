import ApusModel
import ApusPromQL
import ApusStorage
import ApusSystem
import ApusTelemetry
import ApusTesting
import ApusWeb
import Foundation
import Testing

/// `explain=1` through the server and a real engine.
struct ExplainTests {
  private func handlers() throws -> WebHandlers {
    let store = MemoryStore()
    for i in 0..<5 {
      var batch = SampleBatch()
      batch.times = (0..<40).map { Int64($0) * 15_000 }
      batch.values = (0..<40).map { Double($0 * i) }
      store.append(["__name__": "x_total", "instance": "\(i)"], batch)
    }
    let engine = Engine(
      options: EngineOptions(), clock: SystemWallClock(),
      pool: WorkerPool(name: "test", threadCount: 1), metrics: MetricRegistry())
    let fake = FakeEngine { request async throws(QueryError) in
      try await engine.execute(request, on: store)
    }
    return try Fixture.handlers(Fixture.backends(engine: fake))
  }

  private func explanation(_ path: String) async throws -> [String: Any] {
    let response = try await handlers().get("/api/v1/" + path)
    #expect(response.status == 200)
    let json = try JSONSerialization.jsonObject(with: Data(response.bodyText.utf8))
    let data = try #require((json as? [String: Any])?["data"] as? [String: Any])
    #expect(data["result"] != nil)
    return try #require(data["explain"] as? [String: Any])
  }

  private static let path =
    "query_range?query=sum(rate(x_total%5B1m%5D))&start=60&end=120&step=30"

  @Test func `a range query returns its operators with what they did`() async throws {
    let root = try await explanation(Self.path + "&explain=1")
    var node = root
    var seen: [String] = []
    while true {
      let name = try #require(node["operator"] as? String)
      seen.append("\(name): \(node["series"] ?? "?") x \(node["samples"] ?? "?")")
      for key in ["steps", "samplesRead", "bytes", "seconds", "selfSeconds"] {
        #expect(node[key] is NSNumber, "\(key) of \(name)")
      }
      guard let next = (node["children"] as? [[String: Any]])?.first else { break }
      node = next
    }
    #expect(
      seen == [
        "query: 1 x 3", "aggregate sum: 1 x 3", "window function rate: 5 x 15",
        "range selector: 5 x 40",
      ])
    #expect(node["expression"] as? String == "x_total")
  }

  @Test func `an instant query does too`() async throws {
    let root = try await explanation("query?query=x_total%20%3E%201&time=300&explain=true")
    let comparison = try #require((root["children"] as? [[String: Any]])?.first)
    #expect(comparison["operator"] as? String == "binary >")
    #expect(comparison["expression"] as? String == "x_total > 1")
  }

  @Test func `without the parameter there is none`() async throws {
    for path in [Self.path, Self.path + "&explain=0", Self.path + "&explain="] {
      let response = try await handlers().get("/api/v1/" + path)
      #expect(!response.bodyText.contains("explain"))
    }
  }
}
