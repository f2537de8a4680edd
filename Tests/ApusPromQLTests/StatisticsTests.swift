import ApusPromQL
import Testing

/// Ten series with a sample every 15 s, at 600 s and at the steps 600, 630, 660, 690 s.
@Suite struct StatisticsTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let expression: String
    /// At one time: samples loaded, and read.
    let instant: (Int, Int)
    /// At each step.
    let loaded: [Int]
    let read: [Int]

    var testDescription: String { expression }
  }

  private static let cases = [
    Case(
      expression: "x_total", instant: (10, 10), loaded: [10, 10, 10, 10], read: [10, 10, 10, 10]),
    // Of each window of four samples two are new.
    Case(
      expression: "rate(x_total[1m])", instant: (40, 40), loaded: [40, 40, 40, 40],
      read: [40, 20, 20, 20]),
    // Windows with gaps between them.
    Case(
      expression: "sum(last_over_time(x_total[15s]))", instant: (10, 10), loaded: [10, 10, 10, 10],
      read: [10, 10, 10, 10]),
    Case(
      expression: "sum(x_total @ 600)", instant: (10, 10), loaded: [10, 10, 10, 10],
      read: [10, 0, 0, 0]),
    Case(
      expression: "x_total * scalar(sum(rate(x_total[1m] @ 600)))", instant: (50, 50),
      loaded: [50, 50, 50, 50], read: [50, 10, 10, 10]),
    // Inner steps at 540, 600 and 660 s. What they read counts, and what is read of them.
    Case(
      expression: "max_over_time(sum(x_total)[2m:1m])", instant: (2, 22), loaded: [2, 2, 2, 2],
      read: [22, 0, 11, 0]),
    // Inner steps of which no window has any use are none of the query's.
    Case(
      expression: "max_over_time(sum(x_total)[15s:15s])", instant: (1, 11), loaded: [1, 1, 1, 1],
      read: [11, 11, 11, 11]),
    Case(
      expression: "max_over_time(max_over_time(sum(x_total)[1m:30s])[1m:1m])", instant: (1, 23),
      loaded: [1, 1, 1, 1], read: [23, 0, 23, 0]),
    Case(expression: "vector(1)", instant: (0, 0), loaded: [0, 0, 0, 0], read: [0, 0, 0, 0]),
  ]

  private func statistics(
    _ expression: String, _ time: QueryRequest.Time, perStep: Bool
  ) throws -> QueryStatistics {
    var request = QueryRequest(expression: expression, time: time)
    request.wantsSamplesPerStep = perStep
    return try Fixtures.engine(.allFeatures).evaluate(request, on: Fixtures.store("x_total"))
      .statistics
  }

  @Test(arguments: cases)
  func `samples are counted for every step, and read once`(_ test: Case) throws {
    let instant = try statistics(test.expression, .instant(timeMs: 600_000), perStep: true)
    #expect(instant.totalQueryableSamples == test.instant.0)
    #expect(instant.samplesRead == test.instant.1)
    let range = QueryRequest.Time.range(startMs: 600_000, endMs: 700_000, stepMs: 30_000)
    let steps = try statistics(test.expression, range, perStep: true)
    #expect(steps.samplesPerStep?.map { $0.samples } == test.loaded)
    #expect(steps.samplesReadPerStep?.map { $0.samples } == test.read)
    for perStep in [false, true] {
      let whole = try statistics(test.expression, range, perStep: perStep)
      #expect(whole.totalQueryableSamples == test.loaded.reduce(0, +))
      #expect(whole.samplesRead == test.read.reduce(0, +))
    }
  }

  @Test func `a subquery that is the result counts what its inner expression loads`() throws {
    let counted = try statistics(
      "sum(x_total)[2m:1m]", .instant(timeMs: 600_000), perStep: true)
    #expect(counted.totalQueryableSamples == 20)
    #expect(counted.samplesRead == 20)
    #expect(counted.samplesPerStep?.map { $0.samples } == [20])
  }
}
