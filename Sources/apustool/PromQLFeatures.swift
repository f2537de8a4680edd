internal import ApusPromQL
internal import ApusPromQLSyntax

/// What --enable-feature says of the query language.
struct PromQLFeatures: Sendable {
  private let names: Set<String>

  /// - Parameter texts: names separated by commas.
  init(_ texts: [String]) {
    names = Set(texts.flatMap { $0.split(separator: ",").map(String.init) })
  }

  private static let known: Set<String> = [
    "promql-experimental-functions", "promql-delayed-name-removal", "promql-duration-expr",
    "promql-extended-range-selectors", "promql-binop-fill-modifiers",
  ]

  /// Names that are no features of the language, in order.
  var unknown: [String] { names.subtracting(Self.known).sorted() }

  var parserOptions: ParserOptions {
    ParserOptions(
      experimentalFunctions: names.contains("promql-experimental-functions"),
      extendedRangeSelectors: names.contains("promql-extended-range-selectors"),
      fillModifiers: names.contains("promql-binop-fill-modifiers"))
  }

  /// - Parameter subqueryIntervalMs: of subqueries that name no step.
  func engineOptions(subqueryIntervalMs: Int64) -> EngineOptions {
    var options = EngineOptions()
    options.experimentalFunctions = names.contains("promql-experimental-functions")
    options.extendedRangeSelectors = names.contains("promql-extended-range-selectors")
    options.fillModifiers = names.contains("promql-binop-fill-modifiers")
    options.delayedNameRemoval = names.contains("promql-delayed-name-removal")
    options.noStepSubqueryIntervalMs = { _ in subqueryIntervalMs }
    return options
  }
}
