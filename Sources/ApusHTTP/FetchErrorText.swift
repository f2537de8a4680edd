internal import AsyncHTTPClient
internal import Glibc
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL

/// What went wrong with a request, in the words of Go's net/http, which Prometheus shows.
enum FetchErrorText {
  /// `Get "http://...": reason`
  static func wrapped(_ method: String, _ url: String, _ reason: String) -> String {
    let name = method.prefix(1).uppercased() + method.dropFirst().lowercased()
    return "\(name) \"\(url)\": \(reason)"
  }

  static func bodyTooLarge(_ url: RequestURL) -> FetchError {
    FetchError(.bodyTooLarge, url: url.text, description: "body size limit exceeded")
  }

  /// - Parameter hasHead: whether the answer had begun; then Go does not name the URL.
  static func error(
    _ error: any Error, _ method: String, _ url: RequestURL, hasHead: Bool
  ) -> FetchError {
    if error is ResponseCollector.BodyTooLarge { return bodyTooLarge(url) }
    let (reason, text) = explained(error, url, hasHead: hasHead)
    return FetchError(
      reason, url: url.text,
      description: hasHead ? text : wrapped(method, url.text, text))
  }

  private static func explained(
    _ error: any Error, _ url: RequestURL, hasHead: Bool
  ) -> (FetchError.Reason, String) {
    switch error {
    case let error as HTTPClientError: return explained(error, url, hasHead: hasHead)
    case let error as NIOConnectionError: return explained(error, url)
    case let error as IOError where !hasHead && dialCodes.contains(error.errnoCode):
      return (.refused, "\(dial(url.host, url.port)): connect: \(text(of: error.errnoCode))")
    case let error as IOError:
      return (.refused, "\(name(of: error)): \(text(of: error.errnoCode))")
    case is ChannelError:
      return (.refused, hasHead ? "unexpected EOF" : "EOF")
    case HTTPParserError.invalidEOFState:
      return (.refused, hasHead ? "unexpected EOF" : "EOF")
    case let error as HTTPParserError: return (.protocolViolation, text(of: error))
    case is NIOSSLExtraError, is NIOSSLError, is BoringSSLError:
      return (.tls, tlsText("\(error)"))
    default: return (.protocolViolation, "\(error)")
    }
  }

  private static func explained(
    _ error: HTTPClientError, _ url: RequestURL, hasHead: Bool
  ) -> (FetchError.Reason, String) {
    switch error {
    case .deadlineExceeded, .readTimeout, .writeTimeout, .getConnectionFromPoolTimeout:
      (.timedOut, "context deadline exceeded")
    case .connectTimeout:
      (.timedOut, "\(dial(url.host, url.port)): i/o timeout")
    case .remoteConnectionClosed:
      (.refused, hasHead ? "unexpected EOF" : "EOF")
    case .emptyHost, .emptyScheme:
      (.badAddress, "http: no Host in request URL")
    case .proxyAuthenticationRequired: (.credentials, "Proxy Authentication Required")
    case .invalidProxyResponse: (.protocolViolation, "invalid proxy response")
    case .tlsHandshakeTimeout: (.timedOut, "net/http: TLS handshake timeout")
    default: (.protocolViolation, "\(error)")
    }
  }

  private static func explained(
    _ error: NIOConnectionError, _ url: RequestURL
  ) -> (FetchError.Reason, String) {
    guard let first = error.connectionErrors.first else {
      return (.badAddress, "dial tcp: lookup \(url.host): no such host")
    }
    let target = first.target
    let place = dial(target.ipAddress ?? url.host, target.port ?? url.port)
    switch first.error {
    case let io as IOError:
      return (.refused, "\(place): connect: \(text(of: io.errnoCode))")
    case is ChannelError: return (.timedOut, "\(place): i/o timeout")
    default: return (.refused, "\(place): \(first.error)")
    }
  }

  /// Errors of `connect`.
  private static let dialCodes = [ECONNREFUSED, ENETUNREACH, EHOSTUNREACH, ETIMEDOUT]

  private static func dial(_ host: String, _ port: Int) -> String {
    "dial tcp \(host.contains(":") ? "[\(host)]" : host):\(port)"
  }

  /// Go prints the system's words in lower case.
  private static func text(of code: CInt) -> String {
    switch code {
    case ECONNREFUSED: "connection refused"
    case ECONNRESET: "connection reset by peer"
    case ENETUNREACH: "network is unreachable"
    case EHOSTUNREACH: "no route to host"
    case ETIMEDOUT: "connection timed out"
    case EPIPE: "broken pipe"
    case EMFILE: "too many open files"
    default: "error \(code)"
    }
  }

  private static func name(of error: IOError) -> String {
    "\(error)".hasPrefix("write") ? "write" : "read"
  }

  private static func text(of error: HTTPParserError) -> String {
    switch error {
    case .headerOverflow:
      "net/http: HTTP/1.x transport connection broken: net/http: server response headers "
        + "exceeded 81920 bytes; aborted"
    default:
      "net/http: HTTP/1.x transport connection broken: malformed HTTP response (\(error))"
    }
  }

  private static func tlsText(_ detail: String) -> String {
    switch true {
    case detail.contains("CERTIFICATE_VERIFY_FAILED"):
      "tls: failed to verify certificate: x509: certificate signed by unknown authority"
    case detail.contains("failedToValidateHostname"),
      detail.contains("Failed to validate hostname"):
      "tls: failed to verify certificate: x509: certificate is not valid for this name"
    case detail.contains("WRONG_VERSION_NUMBER"):
      "http: server gave HTTP response to HTTPS client"
    case detail.contains("CERTIFICATE_REQUIRED"), detail.contains("BAD_CERTIFICATE"):
      "remote error: tls: certificate required"
    default: "tls: \(detail)"
    }
  }
}
