/// Why a query has no answer. The kinds are those of the API's errorType.
package enum QueryError: Error, Sendable, CustomStringConvertible {
  /// The expression is not valid; text with position.
  case parse(String)
  /// Could not be evaluated.
  case execution(String)
  case timeout(String)
  case canceled(String)
  /// The store failed.
  case storage(String)

  package var description: String {
    switch self {
    case .parse(let text), .execution(let text), .timeout(let text), .canceled(let text),
      .storage(let text):
      text
    }
  }
}
