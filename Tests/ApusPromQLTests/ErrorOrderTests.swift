import ApusPromQL
import ApusTesting
import Testing

/// Where several parts of a query fail, which error it fails with.
@Suite struct ErrorOrderTests {
  private func failure(_ expression: String, maxMs: Int64 = 600_000) -> String? {
    do throws(QueryError) {
      let request = QueryRequest(
        expression: expression, time: .range(startMs: 0, endMs: maxMs, stepMs: 60_000))
      _ = try Fixtures.engine(.allFeatures).evaluate(request, on: Fixtures.store("x_total"))
      return nil
    } catch {
      return error.description
    }
  }

  /// Each fails as soon as its first series is asked for.
  private static let smoothing =
    "double_exponential_smoothing(x_total[5m], 2, 0.5)"
  private static let trend = "double_exponential_smoothing(x_total[5m], 0.5, 3)"
  private static let smoothingText =
    "invalid smoothing factor. Expected: 0 < sf < 1, got: 2.000000"
  private static let trendText = "invalid trend factor. Expected: 0 < tf < 1, got: 3.000000"

  @Test(arguments: ["+", "and", "or", "unless", "> on(instance) group_right()", "== bool"])
  func `of two sides that fail the left one is told`(op: String) {
    #expect(failure("\(Self.smoothing) \(op) \(Self.trend)") == Self.smoothingText)
    #expect(failure("\(Self.trend) \(op) \(Self.smoothing)") == Self.trendText)
  }

  @Test func `a side that cannot even be begun comes after one that fails later`() {
    let broken = #"label_replace(x_total, "a", "b", "c", "(")"#
    #expect(failure("\(Self.trend) + \(broken)") == Self.trendText)
    #expect(
      failure("\(broken) + \(Self.trend)")
        == "invalid regular expression in label_replace(): (")
    #expect(
      failure("\(Self.trend) * scalar(\(Self.smoothing))") == Self.trendText)
  }

  @Test func `the sides of an operator fail before their matching does`() {
    let twice = "x_total * on() x_total"
    #expect(failure(twice)?.hasPrefix("found duplicate series for the match group {}") == true)
    #expect(failure("(\(twice)) + on() \(Self.trend)") == failure(twice))
    #expect(failure("\(Self.trend) + on() vector(1)") == Self.trendText)
  }

  @Test func `a number that cannot be used is told after errors of what is aggregated`() {
    #expect(failure("topk(NaN, x_total)") == "Parameter value is NaN")
    #expect(failure("topk(NaN, \(Self.trend))") == Self.trendText)
    #expect(failure("topk(scalar(\(Self.smoothing)), \(Self.trend))") == Self.smoothingText)
  }

  @Test func `matching fails with what is wrong at the first step`() {
    // `b` is there twice from the second minute on, `a` twice from the third.
    let late = "(x_total{instance=~\"1|2\"} and on() (vector(time()) >= 120))"
    let early = "(x_total{instance=~\"3|4\"} and on() (vector(time()) >= 60))"
    let grouped =
      "label_replace(\(late), \"k\", \"a\", \"\", \"\") "
      + "or label_replace(\(early), \"k\", \"b\", \"\", \"\")"
    let text = failure("x_total * on(k) group_left() (\(grouped))") ?? "nothing"
    #expect(text.contains("match group {k=\"b\"} on the right hand-side"), "\(text)")
  }
}
