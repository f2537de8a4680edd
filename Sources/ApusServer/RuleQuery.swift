internal import ApusModel
internal import ApusPromQL
internal import ApusRules
internal import ApusStorage

/// The engine as rules use it: an instant query on the calling thread.
struct RuleQuery: Sendable {
  let engine: Engine
  let store: any Queryable

  /// Whose query it is, for the query log.
  var origin: [(key: String, value: String)] = []

  func ofGroup(file: String, name: String) -> RuleQuery {
    RuleQuery(
      engine: engine, store: store,
      origin: [("ruleGroup.file", file), ("ruleGroup.name", name)])
  }

  func run(_ expression: String, _ timeMs: Int64) throws(RuleError) -> [InstantSeries] {
    var request = QueryRequest(expression: expression, time: .instant(timeMs: timeMs))
    request.origin = origin
    do throws(QueryError) {
      switch try engine.evaluate(request, on: store).value {
      case .vector(let elements): return elements
      case .scalar(let timeMs, let value):
        return [InstantSeries(labels: .empty, timeMs: timeMs, value: .float(value))]
      case .string, .matrix: throw QueryError.execution("rule result is not a vector or scalar")
      }
    } catch {
      if case .canceled = error {
        throw RuleError(error.description, isCancellation: true)
      }
      throw RuleError(error.description)
    }
  }
}
