/// The web configuration file (`--web.config.file`): who may come in, and how.
///
/// Source: Prometheus, exporter-toolkit, web-configuration.md.
package struct WebConfig: Sendable, Equatable {
  /// Nil where connections are not encrypted.
  package var tls: WebTLSConfig?
  package var allowsHTTP2 = true
  /// Added to every answer; sorted by name.
  package var headers: [WebHeader] = []
  /// bcrypt hashes by user; empty where everybody may come in.
  package var users: [String: Secret] = [:]

  package init() {}
}

package struct WebHeader: Sendable, Equatable {
  package let name: String
  package let value: String
}

/// Paths are as they are for our process.
package struct WebTLSConfig: Sendable, Equatable {
  package enum ClientAuth: Sendable, Equatable {
    case none
    case request
    case requireAny
    case verifyIfGiven
    case requireAndVerify
  }

  package var certificate = ""
  package var certificateFile = ""
  package var key = Secret("")
  package var keyFile = ""
  package var clientCA = ""
  package var clientCAFile = ""
  package var clientAuth = ClientAuth.none
  package var clientAllowedNames: [String] = []
  package var minVersion = TLSConfig.Version.tls12
  package var maxVersion = TLSConfig.Version.tls13
  /// Numbers of TLS 1.2 ciphers (IANA), in order of preference; empty for the usual ones.
  package var ciphers: [UInt16] = []
  /// Numbers of groups (IANA), in order of preference; empty for the usual ones.
  package var curves: [UInt16] = []

  package init() {}
}
