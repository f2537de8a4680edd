internal import ApusSystem
internal import Crypto

/// Signs requests as AWS wants them: Signature Version 4 with the headers `host` and `x-amz-*`.
///
/// Source: AWS, "Create a signed AWS API request", with the test suite of version 4.
package struct SigV4: Sendable {
  package struct Keys: Sendable, Equatable {
    package let accessKey: String
    package let secretKey: String
    /// Of keys that are lent for a time; empty for others.
    package let sessionToken: String

    package init(accessKey: String, secretKey: String, sessionToken: String = "") {
      self.accessKey = accessKey
      self.secretKey = secretKey
      self.sessionToken = sessionToken
    }
  }

  package let keys: Keys
  package let region: String
  /// Such as `ec2`.
  package let service: String

  package init(keys: Keys, region: String, service: String) {
    self.keys = keys
    self.region = region
    self.service = service
  }

  /// The headers to add to a request.
  /// - Parameters:
  ///   - path: from the slash on, escaped.
  ///   - query: escaped, its parameters in order of name.
  ///   - headers: to be signed besides; names in lower case.
  ///   - nowMs: since the epoch; servers refuse what is minutes off.
  package func headers(
    method: String, host: String, path: String, query: String = "",
    headers: [(name: String, value: String)] = [], body: [UInt8], nowMs: Int64
  ) -> [(name: String, value: String)] {
    let time = CivilTime(ms: nowMs - nowMs % 1000).compact
    var added = [(name: "x-amz-date", value: time)]
    if !keys.sessionToken.isEmpty {
      added.append((name: "x-amz-security-token", value: keys.sessionToken))
    }
    let signed = ([(name: "host", value: host)] + headers + added).sorted { $0.name < $1.name }
    let names = signed.map(\.name).joined(separator: ";")
    let canonical =
      [method, path.isEmpty ? "/" : path, query].joined(separator: "\n") + "\n"
      + signed.map { "\($0.name):\($0.value)\n" }.joined() + "\n" + names + "\n"
      + hexadecimal(SHA256.hash(data: body))
    let day = String(time.prefix(8))
    let scope = "\(day)/\(region)/\(service)/aws4_request"
    let text = [
      "AWS4-HMAC-SHA256", time, scope, hexadecimal(SHA256.hash(data: Array(canonical.utf8))),
    ].joined(separator: "\n")
    let signature = hexadecimal(code(text, signingKey(day)))
    let value =
      "AWS4-HMAC-SHA256 Credential=\(keys.accessKey)/\(scope), SignedHeaders=\(names), "
      + "Signature=\(signature)"
    return added + [(name: "Authorization", value: value)]
  }

  private func signingKey(_ day: String) -> SymmetricKey {
    [day, region, service, "aws4_request"]
      .reduce(SymmetricKey(data: Array("AWS4\(keys.secretKey)".utf8))) {
        SymmetricKey(data: Array(code($1, $0)))
      }
  }

  private func code(_ text: String, _ key: SymmetricKey) -> HMAC<SHA256>.MAC {
    HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key)
  }

  private func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { $0.hexadecimal(to: 2) }.joined()
  }
}
