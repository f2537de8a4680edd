/// How to speak to another server. Shared by scrapes, Alertmanagers, discovery and remote ends.
package struct HTTPClientConfig: Sendable, Equatable {
  package var basicAuth: BasicAuthConfig?
  package var authorization: AuthorizationConfig?
  package var oauth2: OAuth2Config?
  package var tls = TLSConfig()
  package var followsRedirects = true
  package var enablesHTTP2 = true
  /// Empty for none.
  package var proxyURL = ""
  package var noProxy = ""
  package var proxyFromEnvironment = false
  /// Extra headers in order of name.
  package var headers: [HTTPHeaderConfig] = []

  package init() {}
}

/// Of each pair at most one is set. Files are read anew for every request.
package struct BasicAuthConfig: Sendable, Equatable {
  package var username = ""
  package var usernameFile = ""
  package var password = Secret("")
  package var passwordFile = ""

  package init() {}
}

package struct AuthorizationConfig: Sendable, Equatable {
  package var type = "Bearer"
  package var credentials = Secret("")
  package var credentialsFile = ""

  package init() {}
}

/// Tokens fetched from a token endpoint.
package struct OAuth2Config: Sendable, Equatable {
  package var clientID = ""
  package var clientSecret = Secret("")
  /// Read anew for every token.
  package var clientSecretFile = ""
  package var scopes: [String] = []
  package var tokenURL = ""
  /// In order of name.
  package var endpointParameters: [QueryParameter] = []
  package var tls = TLSConfig()

  package init() {}
}

/// Of each pair of text and file at most one is set.
package struct TLSConfig: Sendable, Equatable {
  package enum Version: String, Sendable, CaseIterable {
    case tls10 = "TLS10"
    case tls11 = "TLS11"
    case tls12 = "TLS12"
    case tls13 = "TLS13"
  }

  package var ca = ""
  package var caFile = ""
  package var certificate = ""
  package var certificateFile = ""
  package var key = Secret("")
  package var keyFile = ""
  package var serverName = ""
  package var skipsVerification = false
  package var minVersion: Version?
  package var maxVersion: Version?

  package init() {}
}

package struct HTTPHeaderConfig: Sendable, Equatable {
  package var name: String
  package var values: [String]
  package var secrets: [Secret]
  package var files: [String]

  package init(name: String, values: [String], secrets: [Secret], files: [String]) {
    self.name = name
    self.values = values
    self.secrets = secrets
    self.files = files
  }
}
