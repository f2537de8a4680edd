import ApusPromQL
import Testing

@Suite struct ExplanationTests {
  private func explain(
    _ expression: String, _ time: QueryRequest.Time = .instant(timeMs: 600_000)
  ) throws -> Explanation {
    var request = QueryRequest(expression: expression, time: time)
    request.wantsExplanation = true
    var options = EngineOptions.allFeatures
    options.timeoutMs = 1_000_000_000
    let engine = Fixtures.engine(options, clock: HastyClock())
    return try #require(
      try engine.evaluate(request, on: Fixtures.store("x_total")).explanation)
  }

  @Test func `the operators stand as a tree with what they did`() throws {
    let root = try explain(
      "sum(rate(x_total[1m])) / 2", .range(startMs: 60_000, endMs: 120_000, stepMs: 30_000))
    #expect(root.operatorName == "query")
    #expect((root.series, root.samples, root.steps) == (1, 3, 3))
    let division = try #require(root.children.first)
    #expect(division.operatorName == "binary /")
    #expect(division.expression == "sum(rate(x_total[1m])) / 2")
    let sum = try #require(division.children.first)
    #expect(sum.operatorName == "aggregate sum")
    #expect((sum.series, sum.samples, sum.samplesRead) == (1, 3, 0))
    let rate = try #require(sum.children.first)
    #expect(rate.operatorName == "window function rate")
    #expect((rate.series, rate.samples) == (10, 30))
    let selector = try #require(rate.children.first)
    #expect(selector.operatorName == "range selector")
    #expect(selector.expression == "x_total")
    // Ten series of eight samples; four of them in each of three windows.
    #expect((selector.series, selector.samples) == (10, 80))
    #expect(selector.samplesRead == 3 * 4 * 10)
    #expect(selector.children.isEmpty)
  }

  @Test func `time is that of an operator and of what is below it`() throws {
    let root = try explain("sum(x_total) by (instance) > 1")
    var node = root
    while let child = node.children.first {
      #expect(child.seconds < node.seconds)
      #expect(child.seconds > 0)
      #expect(abs(node.seconds - node.selfSeconds - child.seconds) < 1e-6)
      node = child
    }
    #expect(node.seconds == node.selfSeconds)
  }

  @Test func `memory is that of rows and of groups`() throws {
    let time = QueryRequest.Time.range(startMs: 0, endMs: 99_000, stepMs: 1_000)
    let all = try #require(try explain("sum(x_total)", time).children.first)
    let each = try #require(try explain("sum(x_total) by (instance)", time).children.first)
    #expect(all.bytes >= 1_600)
    #expect(each.bytes >= 16_000)
    #expect(all.bytes < each.bytes)
  }

  @Test func `scalars, subqueries and what is evaluated once are there`() throws {
    let root = try explain(
      "topk(scalar(count(x_total)), max_over_time(x_total[5m:1m])) "
        + "+ on() group_left() sum(x_total @ 0)",
      .range(startMs: 0, endMs: 60_000, stepMs: 30_000))
    var names: [String] = []
    func collect(_ node: Explanation) {
      names.append(node.operatorName)
      for child in node.children { collect(child) }
    }
    collect(root)
    for name in [
      "function scalar", "aggregate count", "aggregate topk", "subquery", "evaluated once",
      "binary +", "window function max_over_time",
    ] { #expect(names.contains(name), "\(names)") }
  }

  @Test func `nothing is measured unless asked for`() throws {
    let result = try Fixtures.engine().evaluate(
      QueryRequest(expression: "x_total", time: .instant(timeMs: 0)),
      on: Fixtures.store("x_total"))
    #expect(result.explanation == nil)
  }
}
