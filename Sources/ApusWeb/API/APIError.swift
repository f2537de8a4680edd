package import ApusPromQL
package import ApusStorage

/// Why an API request has no answer; the kinds are those of Prometheus's errorType.
package struct APIError: Error, Sendable, Equatable {
  package enum Kind: String, Sendable, CaseIterable {
    case badData = "bad_data"
    case execution
    case timeout
    case canceled
    case notFound = "not_found"
    case notAcceptable = "not_acceptable"
    case `internal`
    case unavailable

    /// The HTTP status. 499 is nginx's "client closed request"; `unavailable` is answered with
    /// 500 by Prometheus, whatever its documentation says.
    package var status: Int {
      switch self {
      case .badData: 400
      case .execution: 422
      case .timeout: 503
      case .canceled: 499
      case .notFound: 404
      case .notAcceptable: 406
      case .internal, .unavailable: 500
      }
    }
  }

  package let kind: Kind
  package let text: String

  package init(_ kind: Kind, _ text: String) {
    self.kind = kind
    self.text = text
  }

  /// `invalid parameter "name": why`
  package static func invalid(_ parameter: String, _ why: String) -> APIError {
    APIError(.badData, "invalid parameter \"\(parameter)\": \(why)")
  }
}

extension APIError {
  package init(_ error: QueryError) {
    switch error {
    case .parse(let text): self = .invalid("query", text)
    case .execution(let text): self.init(.execution, text)
    case .timeout(let text): self.init(.timeout, text)
    case .canceled(let text): self.init(.canceled, text)
    case .storage(let text): self.init(.internal, text)
    }
  }

  /// A store that could not answer a question about labels or series.
  package init(reading error: StorageError) {
    switch error.reason {
    case .cancelled: self.init(.canceled, error.description)
    default: self.init(.execution, error.description)
    }
  }

  /// A store that could not do what an administrator told it to.
  package init(administering error: StorageError) {
    switch error.reason {
    case .closed: self.init(.unavailable, "TSDB not ready")
    default: self.init(.internal, error.description)
    }
  }
}
