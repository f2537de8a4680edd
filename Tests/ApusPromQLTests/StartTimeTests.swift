import ApusModel
import ApusPromQL
import ApusStorage
import ApusTesting
import Testing

@Suite struct StartTimeTests {
  private func evaluate(
    _ expression: String, starts: [Int64], isOn: Bool = true
  ) throws -> QueryResult {
    let store = MemoryStore()
    var batch = SampleBatch()
    batch.times = starts.indices.map { Int64($0) * 60_000 }
    batch.values = starts.indices.map { Double(10 + $0) }
    batch.startTimes = starts
    store.append(["__name__": "x_total"], batch)
    var options = EngineOptions.allFeatures
    options.startTimestamps = isOn
    return try Fixtures.engine(options).evaluate(
      QueryRequest(expression: expression, time: .instant(timeMs: 180_000)), on: store)
  }

  private static let text =
    "PromQL warning: sample has start time that overlaps with previous sample timestamp (1:6)"

  @Test func `a start inside of the sample before is warned of`() throws {
    // The third began after the second did, and before the second was taken.
    let starts: [Int64] = [1, 1, 30_000, 30_000]
    #expect(
      try evaluate("rate(x_total[5m])", starts: starts).annotations.warnings == [Self.text])
    #expect(
      try evaluate("rate(x_total[5m])", starts: starts, isOn: false).annotations.warnings.isEmpty)
    // The pair has to be in the window.
    #expect(try evaluate("rate(x_total[90s])", starts: starts).annotations.warnings.isEmpty)
  }

  @Test func `counters that go on, and those that begin anew, are not`() throws {
    for starts: [Int64] in [[1, 1, 1, 1], [1, 1, 70_000, 70_000], [0, 0, 0, 0]] {
      #expect(try evaluate("rate(x_total[5m])", starts: starts).annotations.warnings.isEmpty)
    }
  }
}
