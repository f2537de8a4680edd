package import ApusPromQL
internal import ApusModel
internal import ApusPromQLSyntax
internal import ApusStorage
internal import ApusSystem

/// Runs scripts of the `load` / `eval` language against an engine over a store in memory.
package struct ScriptRunner {
  /// How one evaluation ended.
  package struct Outcome: Sendable {
    package let line: Int
    package let expression: String
    /// Nil if all was as expected.
    package let failure: String?

    package var passed: Bool { failure == nil }
  }

  private let engine: Engine
  /// Instant queries are tried as the middle step of a range query too.
  private let checksRanges: Bool

  package init(engine: Engine, checksRanges: Bool = true) {
    self.engine = engine
    self.checksRanges = checksRanges
  }

  /// Runs all commands; a failed evaluation does not stop the script.
  package func run(_ script: Script) -> [Outcome] {
    var store = MemoryStore()
    var outcomes: [Outcome] = []
    for command in script.commands {
      switch command {
      case .clear: store = MemoryStore()
      case .load(let load): ScriptLoad.load(load, into: store)
      case .evaluate(let evaluation):
        outcomes.append(
          Outcome(
            line: evaluation.line, expression: evaluation.expression,
            failure: check(evaluation, store)))
      }
    }
    return outcomes
  }

  private func check(_ evaluation: Script.Evaluation, _ store: MemoryStore) -> String? {
    let time: QueryRequest.Time =
      switch evaluation.time {
      case .instant(let timeMs): .instant(timeMs: timeMs)
      case .range(let startMs, let endMs, let stepMs):
        .range(startMs: startMs, endMs: endMs, stepMs: stepMs)
      }
    let comparison = ScriptComparison(evaluation)
    let fails = evaluation.expectations.filter { $0.kind == .fail }
    let result: QueryResult
    do throws(QueryError) {
      result = try engine.evaluate(
        QueryRequest(expression: evaluation.expression, time: time), on: store)
    } catch {
      guard !fails.isEmpty else { return "failed: \(error)" }
      return fails.allSatisfy { comparison.matches($0, error.description) }
        ? nil : "failed in another way: \(error)"
    }
    if !fails.isEmpty { return "should have failed: \(result.value)" }
    if let failure = comparison.checkAnnotations(result.annotations) { return failure }
    if let failure = comparison.check(result.value) { return failure }
    guard checksRanges, case .instant(let timeMs) = evaluation.time else { return nil }
    return checkAsRange(evaluation, comparison, timeMs, store)
  }

  private func checkAsRange(
    _ evaluation: Script.Evaluation, _ comparison: ScriptComparison, _ timeMs: Int64,
    _ store: MemoryStore
  ) -> String? {
    // What speaks of the query's own range differs by design.
    let ownRange = ["start()", "end()", "step()", "range()"]
    if evaluation.isOrdered || evaluation.text != nil || evaluation.rangeVector != nil
      || ownRange.contains(where: { evaluation.expression.contains($0) })
    {
      return nil
    }
    let request = QueryRequest(
      expression: evaluation.expression,
      time: .range(startMs: timeMs - 60_000, endMs: timeMs + 60_000, stepMs: 60_000))
    do throws(QueryError) {
      let result = try engine.evaluate(request, on: store)
      guard case .matrix(let rows) = result.value else { return "as a range: no matrix" }
      return comparison.checkMiddle(rows, timeMs).map { "as a range: \($0)" }
    } catch {
      // A step beside the one that is tested may fail.
      if error.description.contains("expression type") { return nil }
      return "as a range: failed: \(error)"
    }
  }
}
