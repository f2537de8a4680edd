/// Why a request brought no answer.
package struct FetchError: Error, Sendable, CustomStringConvertible {
  package enum Reason: Sendable, Equatable {
    case refused
    case timedOut
    case bodyTooLarge
    case badAddress
    case tls
    case credentials
    case protocolViolation
  }

  package let reason: Reason
  package let url: String
  /// In the words Prometheus shows on its targets page, such as
  /// `Get "http://...": dial tcp 127.0.0.1:9100: connect: connection refused`.
  package let description: String

  package init(_ reason: Reason, url: String, description: String) {
    self.reason = reason
    self.url = url
    self.description = description
  }
}
