import ApusModel
import ApusPromQL
import ApusStorage
import ApusSystem
import ApusTelemetry
import Synchronization
import Testing

@Suite struct EngineTests {
  private let instant = QueryRequest.Time.instant(timeMs: 600_000)

  private func evaluate(
    _ expression: String, _ time: QueryRequest.Time, _ options: EngineOptions = EngineOptions()
  ) throws(QueryError) -> QueryResult {
    try Fixtures.engine(options).evaluate(
      QueryRequest(expression: expression, time: time), on: Fixtures.store("x_total"))
  }

  private func failure(
    _ expression: String, _ time: QueryRequest.Time, _ options: EngineOptions = EngineOptions()
  ) -> QueryError? {
    do throws(QueryError) {
      _ = try evaluate(expression, time, options)
      return nil
    } catch {
      return error
    }
  }

  @Test func `an instant vector comes in label order at the time of the query`() throws {
    guard case .vector(let elements) = try evaluate("x_total", instant).value else {
      Issue.record("no vector")
      return
    }
    #expect(elements.map { $0.labels.value(of: "instance") } == (0..<10).map { "\($0)" })
    #expect(elements.allSatisfy { $0.timeMs == 600_000 })
    #expect(elements[1].value == .float(80))
  }

  @Test func `a range query has a point for every step`() throws {
    let range = QueryRequest.Time.range(startMs: 0, endMs: 100_000, stepMs: 30_000)
    guard case .matrix(let rows) = try evaluate("sum(x_total)", range).value else {
      Issue.record("no matrix")
      return
    }
    #expect(rows.count == 1)
    #expect(rows[0].times == [0, 30_000, 60_000, 90_000])
    #expect(rows[0].values == [0, 110, 220, 330])
  }

  @Test func `a range selector at the top gives the samples themselves, left end excluded`()
    throws
  {
    guard case .matrix(let rows) = try evaluate("x_total{instance=\"0\"}[30s]", instant).value
    else {
      Issue.record("no matrix")
      return
    }
    #expect(rows[0].times == [585_000, 600_000])
  }

  @Test func `holding more samples than allowed ends a query`() {
    var options = EngineOptions()
    options.maxSamples = 9
    #expect(failure("sum(x_total)", instant, options) == nil)
    #expect(
      failure("x_total", instant, options)?.description
        == "query processing would load too many samples into memory in query execution")
    options.maxSamples = 10
    #expect(failure("x_total", instant, options) == nil)
  }

  @Test func `a query whose time is up ends with a timeout`() {
    var options = EngineOptions()
    options.timeoutMs = 5_000
    let engine = Fixtures.engine(options, clock: HastyClock())
    #expect {
      try engine.evaluate(
        QueryRequest(expression: "sum(x)", time: instant), on: EndlessStore())
    } throws: { error in
      if case .timeout("query timed out in expression evaluation")? = error as? QueryError {
        return true
      }
      return false
    }
  }

  @Test func `a query may have less time than the engine gives, never more`() {
    var options = EngineOptions()
    options.timeoutMs = 5_000
    let engine = Fixtures.engine(options, clock: HastyClock())
    var request = QueryRequest(expression: "sum(x)", time: instant)
    request.timeoutMs = 1_000_000_000
    #expect(throws: QueryError.self) { try engine.evaluate(request, on: EndlessStore()) }
  }

  @Test(arguments: [0, -1, Int64.min]) func `a query that is given no time has timed out`(
    ms: Int64
  ) async {
    let engine = Fixtures.engine()
    var request = QueryRequest(expression: "1", time: instant)
    request.timeoutMs = ms
    await #expect {
      try await engine.execute(request, on: EndlessStore())
    } throws: { error in
      if case .timeout("query timed out in query execution")? = error as? QueryError {
        return true
      }
      return false
    }
  }

  @Test func `a cancelled task ends its query`() async {
    let engine = Fixtures.engine()
    let store = EndlessStore()
    let request = QueryRequest(expression: "sum(x)", time: instant)
    let outcome = await withTaskGroup(of: QueryError?.self) { group in
      group.addTask {
        do throws(QueryError) {
          _ = try await engine.execute(request, on: store)
          return nil
        } catch {
          return error
        }
      }
      while store.seriesRead.load(ordering: .relaxed) == 0 { await Task.yield() }
      group.cancelAll()
      return await group.next() ?? nil
    }
    guard case .canceled(let text)? = outcome else {
      Issue.record("\(String(describing: outcome))")
      return
    }
    #expect(text == "query was canceled in expression evaluation")
  }

  @Test func `a query that waits for its place can be cancelled`() async {
    var options = EngineOptions()
    options.maxConcurrency = 1
    let engine = Fixtures.engine(options)
    let store = EndlessStore()
    let endless = QueryRequest(expression: "sum(x)", time: instant)
    let waiting = QueryRequest(expression: "1", time: instant)
    await withTaskGroup(of: Void.self) { group in
      group.addTask { _ = try? await engine.execute(endless, on: store) }
      while store.seriesRead.load(ordering: .relaxed) == 0 { await Task.yield() }
      let outcome = await withTaskGroup(of: QueryError?.self) { inner in
        inner.addTask {
          do throws(QueryError) {
            _ = try await engine.execute(waiting, on: store)
            return nil
          } catch {
            return error
          }
        }
        inner.cancelAll()
        return await inner.next() ?? nil
      }
      #expect(outcome?.description == "query was canceled in query queue")
      group.cancelAll()
    }
    // The place is free again.
    #expect((try? await engine.execute(waiting, on: store)) != nil)
  }

  @Test func `the lookback of a request replaces the engine's`() throws {
    var request = QueryRequest(
      expression: "count(x_total)", time: .instant(timeMs: 1_485_000 + 200_000))
    let store = Fixtures.store("x_total")
    let engine = Fixtures.engine()
    guard case .vector(let found) = try engine.evaluate(request, on: store).value else { return }
    #expect(found.count == 1)
    request.lookbackDeltaMs = 200_000
    guard case .vector(let none) = try engine.evaluate(request, on: store).value else { return }
    #expect(none.isEmpty, "a sample exactly at the lookback is too old")
  }

  @Test func `a malformed expression is a parse error with its position`() {
    guard case .parse(let text)? = failure("sum(", instant) else {
      Issue.record("no parse error")
      return
    }
    #expect(text.hasPrefix("1:5: parse error: "))
  }

  @Test func `a range query of a string or range vector is refused`() {
    let range = QueryRequest.Time.range(startMs: 0, endMs: 10, stepMs: 1)
    #expect(
      failure("x_total[5m]", range)?.description
        == "invalid expression type \"range vector\" for range query, must be Scalar or "
        + "instant Vector")
    #expect(failure("\"a\"", range) != nil)
    #expect(
      failure("1", .range(startMs: 0, endMs: 10, stepMs: 0))?.description
        == "zero or negative query resolution step widths are not accepted. Try a positive "
        + "integer")
  }

  @Test func `statistics count samples as Prometheus does`() throws {
    let statistics = try evaluate("sum(x_total)", instant).statistics
    #expect(statistics.totalQueryableSamples == 10)
    var request = QueryRequest(
      expression: "sum(rate(x_total[1m]))",
      time: .range(startMs: 60_000, endMs: 120_000, stepMs: 30_000))
    request.wantsSamplesPerStep = true
    #expect(
      try Fixtures.engine().evaluate(request, on: Fixtures.store("x_total")).statistics
        .samplesPerStep == nil)
    var options = EngineOptions()
    options.samplesPerStep = true
    let perStep = try Fixtures.engine(options).evaluate(request, on: Fixtures.store("x_total"))
      .statistics
    #expect(perStep.totalQueryableSamples == 3 * 4 * 10)
    #expect(perStep.samplesPerStep?.map { $0.samples } == [40, 40, 40])
    #expect(perStep.samplesPerStep?.map { $0.timeMs } == [60_000, 90_000, 120_000])
  }

  @Test func `durations are there for every slice, before the first query too`() throws {
    let registry = MetricRegistry()
    let engine = Engine(
      options: EngineOptions(), clock: SystemWallClock(),
      pool: WorkerPool(name: "test", threadCount: 1), metrics: registry)
    func points(_ name: String, _ suffix: String) -> [MetricRegistry.Point] {
      (registry.snapshot().first { $0.name == "prometheus_engine_query_" + name }?.points ?? [])
        .filter { $0.suffix == suffix }
    }
    #expect(points("duration_histogram_seconds", "_count").map(\.value) == [0, 0, 0, 0])
    #expect(points("duration_seconds", "").count == 4 * 3)
    let request = QueryRequest(
      expression: "rate(x_total[1m])",
      time: .range(startMs: 600_000, endMs: 630_000, stepMs: 30_000))
    _ = try engine.evaluate(request, on: Fixtures.store("x_total"))
    #expect(points("duration_histogram_seconds", "_count").map(\.value) == [1, 1, 1, 1])
    #expect(points("duration_seconds", "_count").map(\.value) == [1, 1, 1, 1])
    #expect(points("samples_total", "").map(\.value) == [80])
    #expect(points("samples_read_total", "").map(\.value) == [60])
  }

  @Test func `annotations carry the position of what they speak of, ten at most`() throws {
    let result = try evaluate("rate(x_total[1m]) + on() group_left() vector(1)", instant)
    #expect(result.annotations.isEmpty)
    let store = MixedStore.make(count: 12)
    let mixed = try Fixtures.engine().evaluate(
      QueryRequest(expression: " rate({n=~\".+\"}[10m])", time: instant), on: store)
    #expect(mixed.annotations.infos.count == 11)
    #expect(mixed.annotations.infos.last == "2 more info annotations omitted")
    #expect(
      mixed.annotations.infos.first
        == "PromQL info: metric might not be a counter, name does not end in "
        + "_total/_sum/_count/_bucket: \"m0\" (1:7)")
  }
}

@Suite struct HugeQueryTests {
  private func failure(_ expression: String, _ time: QueryRequest.Time) -> String? {
    do throws(QueryError) {
      _ = try Fixtures.engine().evaluate(
        QueryRequest(expression: expression, time: time), on: Fixtures.store("x"))
      return nil
    } catch {
      return error.description
    }
  }

  @Test func `ranges and steps beyond all memory are refused`() {
    let text = "query processing would load too many samples into memory in query execution"
    #expect(failure("max_over_time(x[100y:1ms])", .instant(timeMs: 0)) == text)
    #expect(failure("1", .range(startMs: .min, endMs: .max, stepMs: 1)) == text)
  }

  @Test func `times at the ends of what a number holds are no trouble`() {
    #expect(failure("x + rate(x[5m])", .instant(timeMs: .max)) == nil)
    #expect(failure("x offset 100y or x[5m:1m] @ 0 == 1", .instant(timeMs: .min)) != nil)
    #expect(failure("max_over_time(x[5m:1m] offset -100y)", .instant(timeMs: .max)) == nil)
    #expect(failure("count_over_time(x[200y])", .instant(timeMs: 0)) == nil)
  }

  @Test func `a thousand operators in a row are evaluated`() {
    let chain = [String](repeating: "x", count: 900).joined(separator: " + ")
    #expect(failure(chain, .instant(timeMs: 0)) == nil)
  }
}

@Suite struct HeavyWindowTests {
  @Test(arguments: [
    "stddev_over_time(x[1y])", "deriv(x[1y])",
    "double_exponential_smoothing(x[1y], 0.5, 0.5)", "quantile_over_time(0.5, x[1y])",
  ])
  func `one series with huge windows can be stopped too`(expression: String) {
    var options = EngineOptions.allFeatures
    // The clock moves a second at every look: the first look inside of the series is too late.
    options.timeoutMs = 7_000
    let store = Fixtures.store("x", count: 1, samples: 10_000)
    let engine = Fixtures.engine(options, clock: HastyClock())
    let request = QueryRequest(
      expression: expression,
      time: .range(startMs: 140_000_000, endMs: 150_000_000, stepMs: 5_000))
    #expect {
      try engine.evaluate(request, on: store)
    } throws: { error in
      if case .timeout? = error as? QueryError { return true }
      return false
    }
  }
}
