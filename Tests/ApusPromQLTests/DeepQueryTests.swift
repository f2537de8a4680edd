import ApusPromQL
import Testing

/// Queries of more levels than the stack of a worker bears.
@Suite struct DeepQueryTests {
  private func evaluate(_ expression: String) throws(QueryError) -> QueryResult.Value {
    var request = QueryRequest(expression: expression, time: .instant(timeMs: 600_000))
    request.wantsExplanation = true
    return try Fixtures.engine().evaluate(request, on: Fixtures.store("x_total")).value
  }

  @Test(arguments: [
    String(repeating: "x_total or ", count: 3_000) + "x_total",
    String(repeating: "(", count: 5_000) + "x_total" + String(repeating: ")", count: 5_000),
    String(repeating: "-", count: 5_000) + "x_total",
    String(repeating: "abs(", count: 5_000) + "x_total" + String(repeating: ")", count: 5_000),
    "x_total and (" + String(repeating: "x_total + ", count: 1_500) + "x_total)",
  ])
  func `a deep query is answered`(expression: String) throws {
    guard case .vector(let series) = try evaluate(expression) else {
      Issue.record("no vector")
      return
    }
    #expect(series.count == 10)
  }

  @Test func `scalars are folded however many there are`() throws {
    guard
      case .scalar(_, let sum) = try evaluate(String(repeating: "1 + ", count: 8_000) + "1")
    else {
      Issue.record("no scalar")
      return
    }
    #expect(sum == 8_001)
  }

  @Test func `a query that is too deep is refused`() {
    #expect {
      _ = try evaluate(String(repeating: "abs(", count: 20_000))
    } throws: { error in
      "\(error)".contains("expression is nested too deeply: more than 10000 levels")
    }
  }
}
