import ApusModel
import ApusPromQL
import ApusStorage
import ApusSystem
import ApusTelemetry
import Testing

@Suite struct ActiveQueryLogTests {
  private func text(_ files: MemoryFileSystem) throws -> String {
    String(decoding: try files.read("/data/queries.active").filter { $0 != 0 }, as: UTF8.self)
  }

  /// Looks at the file while its query runs.
  private final class Spy: Queryable, Sendable {
    let look: @Sendable () -> Void
    init(_ look: @escaping @Sendable () -> Void) { self.look = look }

    func querier(in range: TimeRange) throws(StorageError) -> any Querier {
      look()
      throw StorageError(.closed, "closed")
    }

    func exemplars(
      in range: TimeRange, matching selectors: [[LabelMatcher]]
    ) throws(StorageError) -> [SeriesExemplars] { [] }
  }

  @Test func `a query stands in the file while it runs, and only then`() throws {
    let files = MemoryFileSystem()
    try files.makeDirectory("/data")
    let active = try ActiveQueryLog(files: files, directory: "/data", places: 2, log: .none)
    #expect(try files.read("/data/queries.active").count == 1 + 2 * ActiveQueryLog.entryBytes)
    let engine = Engine(
      options: EngineOptions(), clock: SystemWallClock(),
      pool: WorkerPool(name: "test", threadCount: 1), metrics: MetricRegistry())
    engine.record(in: active)
    let request = QueryRequest(expression: "up == 1", time: .instant(timeMs: 0))
    let spy = Spy { [self] in
      #expect((try? text(files).hasPrefix("[{\"query\":\"up == 1\",\"timestamp_sec\":")) == true)
    }
    #expect(throws: QueryError.self) { try engine.evaluate(request, on: spy) }
    #expect(try text(files) == "[")
  }

  @Test func `a query too long for its place is cut`() throws {
    let files = MemoryFileSystem()
    try files.makeDirectory("/data")
    let active = try ActiveQueryLog(files: files, directory: "/data", places: 1, log: .none)
    let engine = Engine(
      options: EngineOptions(), clock: SystemWallClock(),
      pool: WorkerPool(name: "test", threadCount: 1), metrics: MetricRegistry())
    engine.record(in: active)
    let long = "up{a=\"\(String(repeating: "\\\\", count: 2000))\"}"
    let spy = Spy {
      #expect((try? files.read("/data/queries.active").count) == 1 + ActiveQueryLog.entryBytes)
    }
    #expect(throws: QueryError.self) {
      try engine.evaluate(QueryRequest(expression: long, time: .instant(timeMs: 0)), on: spy)
    }
  }
}
