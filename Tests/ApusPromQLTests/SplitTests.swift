import ApusModel
import ApusPromQL
import ApusStorage
import ApusTesting
import Testing

/// Range queries in two halves say what they say in one piece.
@Suite struct SplitTests {
  private static let range = QueryRequest.Time.range(
    startMs: 0, endMs: 1_200_000, stepMs: 10_000)

  private func evaluate(
    _ expression: String, halves: Bool, on store: MemoryStore = Fixtures.store("x_total"),
    _ change: (inout EngineOptions) -> Void = { _ in }
  ) -> Result<QueryResult, QueryError> {
    var options = EngineOptions.allFeatures
    options.threadsPerQuery = halves ? 2 : 1
    options.splitPointsMin = 0
    change(&options)
    return Result { () throws(QueryError) in
      try Fixtures.engine(options).evaluate(
        QueryRequest(expression: expression, time: Self.range), on: store)
    }
  }

  @Test(arguments: [
    "x_total", "sum(rate(x_total[1m]))", "time()", "x_total > 500 or vector(1)",
    "count_values(\"v\", x_total % 7)", "topk(2, x_total)",
    "x_total and on() (vector(time()) < 300)", "x_total @ 300 + increase(x_total[2m])",
    "max_over_time(sum(rate(x_total[1m]))[5m:30s])", "max_over_time(x_total[5s:1s])",
  ])
  func `rows, notes and counts are the same`(expression: String) throws {
    let whole = try evaluate(expression, halves: false).get()
    let halves = try evaluate(expression, halves: true).get()
    guard case .matrix(let a) = whole.value, case .matrix(let b) = halves.value else {
      Issue.record("no matrix")
      return
    }
    #expect(a.map { $0.labels } == b.map { $0.labels })
    #expect(a.map { $0.times } == b.map { $0.times })
    #expect(a.map { $0.values } == b.map { $0.values })
    #expect(whole.annotations == halves.annotations)
    #expect(
      whole.statistics.totalQueryableSamples == halves.statistics.totalQueryableSamples)
    #expect(whole.statistics.samplesRead == halves.statistics.samplesRead)
  }

  @Test func `what is mended at several steps is one note of all of them`() throws {
    let store = MemoryStore()
    for (bound, slope) in [("1", 2.0), ("2", 1.0), ("+Inf", 3.0)] {
      var batch = SampleBatch()
      batch.times = (0..<100).map { Int64($0) * 15_000 }
      batch.values = (0..<100).map { Double($0) * slope }
      store.append(["__name__": "h_bucket", "le": bound], batch)
    }
    let expression = "histogram_quantile(0.9, h_bucket)"
    let whole = try evaluate(expression, halves: false, on: store).get()
    let halves = try evaluate(expression, halves: true, on: store).get()
    #expect(whole.annotations.infos.count == 1)
    #expect(whole.annotations == halves.annotations)
  }

  @Test func `errors are those of the whole`() {
    for expression in [
      "x_total + on() x_total",
      "double_exponential_smoothing(x_total[1m], 2 - (time() < bool 900), 0.5)",
    ] {
      guard case .failure(let whole) = evaluate(expression, halves: false),
        case .failure(let halves) = evaluate(expression, halves: true)
      else {
        Issue.record("\(expression) does not fail")
        continue
      }
      #expect(whole.description == halves.description)
    }
  }

  @Test func `the bound of samples is that of the whole`() {
    // 10 series of 121 steps.
    for (samplesMax, isEnough) in [(1_210, true), (1_209, false)] {
      let result = evaluate("x_total", halves: true) { $0.maxSamples = samplesMax }
      #expect(((try? result.get()) != nil) == isEnough, "\(samplesMax)")
    }
  }
}
