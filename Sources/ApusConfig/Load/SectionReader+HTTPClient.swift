internal import ApusModel

extension SectionReader {
  /// The client block, whose keys stand among the others of `record`.
  func httpClient(_ record: Record) -> HTTPClientConfig {
    var config = HTTPClientConfig()
    checkAuthentication(record)
    config.basicAuth = record.object("basic_auth").map(basicAuth)
    config.authorization = authorization(record)
    config.oauth2 = record.object("oauth2").map(oauth2)
    config.tls = record.object("tls_config").map(tls) ?? TLSConfig()
    config.followsRedirects = record.bool("follow_redirects")
    config.enablesHTTP2 = record.bool("enable_http2")
    checkProxy(record)
    config.proxyURL = record.string("proxy_url")
    if record.has("proxy_url") {
      record.set("proxy_url", .string(GoURL.redacted(config.proxyURL)))
    }
    config.noProxy = record.string("no_proxy")
    config.proxyFromEnvironment = record.bool("proxy_from_environment")
    config.headers = record.objectMap("http_headers").sorted { precedes($0.key, $1.key) }
      .map(header)
    return config
  }

  private func basicAuth(_ record: Record) -> BasicAuthConfig {
    checkAtMostOne(record, ["username", "username_file", "username_ref"], "basic_auth ")
    checkAtMostOne(record, ["password", "password_file", "password_ref"], "basic_auth ")
    refuseReferences(record, ["username_ref", "password_ref"])
    var config = BasicAuthConfig()
    config.username = record.string("username")
    config.usernameFile = path(record, "username_file")
    config.password = Secret(record.string("password"))
    config.passwordFile = path(record, "password_file")
    return config
  }

  /// `authorization`, or what the older bearer_token keys mean.
  private func authorization(_ record: Record) -> AuthorizationConfig? {
    var config = AuthorizationConfig()
    if let block = record.object("authorization") {
      if isSet(block, "credentials") && isSet(block, "credentials_file") {
        fail(
          block.line,
          "at most one of authorization credentials & credentials_file must be configured")
      }
      refuseReferences(block, ["credentials_ref"])
      let type = String(trimming(block.string("type")))
      config.type = type.isEmpty ? "Bearer" : type
      if config.type.lowercased() == "basic" {
        fail(
          block.line(of: "type"),
          #"authorization type cannot be set to "basic", use "basic_auth" instead"#)
      }
      config.credentials = Secret(block.string("credentials"))
      config.credentialsFile = path(block, "credentials_file")
      block.set("type", .string(config.type))
      return config
    }
    guard isSet(record, "bearer_token") || isSet(record, "bearer_token_file") else {
      return nil
    }
    config.credentials = Secret(record.string("bearer_token"))
    config.credentialsFile = path(record, "bearer_token_file")
    showBearer(record, config)
    return config
  }

  /// Old spellings are shown as the block that they mean.
  private func showBearer(_ record: Record, _ config: AuthorizationConfig) {
    let block = Record(schema: HTTPClientSchema.authorization, line: record.line)
    block.set("type", .string("Bearer"))
    if !config.credentials.isEmpty {
      block.set("credentials", .string(config.credentials.text))
    }
    if !config.credentialsFile.isEmpty {
      block.set("credentials_file", .string(config.credentialsFile))
    }
    record.set("authorization", .object(block))
  }

  private func checkAuthentication(_ record: Record) {
    let hasToken = isSet(record, "bearer_token")
    let hasTokenFile = isSet(record, "bearer_token_file")
    let hasBearer = hasToken || hasTokenFile
    let hasBasic = record.has("basic_auth")
    let hasOAuth2 = record.has("oauth2")
    let hasBlock = record.has("authorization")
    if hasToken && hasTokenFile {
      fail(
        record.line(of: "bearer_token_file"),
        "at most one of bearer_token & bearer_token_file must be configured")
    }
    if hasBearer && (hasBasic || hasOAuth2) {
      fail(
        record.line(of: hasToken ? "bearer_token" : "bearer_token_file"),
        "at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured")
    }
    if hasBearer && hasBlock {
      fail(
        record.line(of: "authorization"),
        "authorization is not compatible with bearer_token & bearer_token_file")
    }
    if (hasBlock && (hasBasic || hasOAuth2)) || (hasBasic && hasOAuth2) {
      fail(
        record.line(of: hasBlock ? "authorization" : "oauth2"),
        "at most one of basic_auth, oauth2 & authorization must be configured")
    }
  }

  private func oauth2(_ record: Record) -> OAuth2Config {
    if record.string("client_id").isEmpty {
      fail(record.line, "oauth2 client_id must be configured")
    }
    if record.string("token_url").isEmpty {
      fail(record.line, "oauth2 token_url must be configured")
    }
    checkAtMostOne(
      record, ["client_secret", "client_secret_file", "client_secret_ref"], "oauth2 ")
    refuseReferences(record, ["client_secret_ref", "client_certificate_key_ref"])
    let algorithm = record.string("signature_algorithm")
    if !algorithm.isEmpty && !["RS256", "RS384", "RS512"].contains(algorithm) {
      fail(
        record.line(of: "signature_algorithm"),
        "valid signature algorithms are RS256, RS384 and RS512")
    }
    checkProxy(record)
    var config = OAuth2Config()
    config.clientID = record.string("client_id")
    config.clientSecret = Secret(record.string("client_secret"))
    config.clientSecretFile = path(record, "client_secret_file")
    _ = path(record, "client_certificate_key_file")
    config.scopes = record.strings("scopes")
    config.tokenURL = record.string("token_url")
    config.endpointParameters = record.stringMap("endpoint_params")
      .sorted { precedes($0.key, $1.key) }
      .map { QueryParameter(name: $0.key, values: [$0.value]) }
    config.tls = record.object("tls_config").map(tls) ?? TLSConfig()
    return config
  }

  func tls(_ record: Record) -> TLSConfig {
    for name in ["ca", "cert", "key"] {
      if isSet(record, name) && isSet(record, "\(name)_file") {
        fail(
          record.line(of: name), "at most one of \(name) & \(name)_file must be configured")
      }
    }
    refuseReferences(record, ["ca_ref", "cert_ref", "key_ref"])
    let hasCertificate = isSet(record, "cert") || isSet(record, "cert_file")
    let hasKey = isSet(record, "key") || isSet(record, "key_file")
    if hasCertificate != hasKey {
      fail(
        record.line,
        hasCertificate
          ? "exactly one of key or key_file must be configured when a client certificate is "
            + "configured"
          : "exactly one of cert or cert_file must be configured when a client key is "
            + "configured")
    }
    var config = TLSConfig()
    config.ca = record.string("ca")
    config.caFile = path(record, "ca_file")
    config.certificate = record.string("cert")
    config.certificateFile = path(record, "cert_file")
    config.key = Secret(record.string("key"))
    config.keyFile = path(record, "key_file")
    config.serverName = record.string("server_name")
    config.skipsVerification = record.bool("insecure_skip_verify")
    config.minVersion = tlsVersion(record, "min_version")
    config.maxVersion = tlsVersion(record, "max_version")
    if let low = config.minVersion, let high = config.maxVersion, low.rawValue > high.rawValue {
      fail(
        record.line(of: "max_version"),
        "tls_config.max_version must be greater than or equal to tls_config.min_version if "
          + "both are specified")
    }
    return config
  }

  private func tlsVersion(_ record: Record, _ name: String) -> TLSConfig.Version? {
    let text = record.string(name)
    if text.isEmpty { return nil }
    if let version = TLSConfig.Version(rawValue: text) { return version }
    let known = TLSConfig.Version.allCases.map(\.rawValue)
    fail(
      record.line(of: name), "unknown TLS version: \(text)",
      suggestion: NearestName.find(text, in: known) ?? "")
    return nil
  }
}

extension SectionReader {
  func isSet(_ record: Record, _ name: String) -> Bool { !record.string(name).isEmpty }

  private func trimming(_ text: String) -> Substring {
    var rest = text[...]
    while rest.first?.isWhitespace == true { rest.removeFirst() }
    while rest.last?.isWhitespace == true { rest.removeLast() }
    return rest
  }

  private func checkAtMostOne(_ record: Record, _ names: [String], _ context: String) {
    guard names.count(where: { isSet(record, $0) }) > 1 else { return }
    let listed = names.dropLast().joined(separator: ", ")
    fail(
      record.line,
      "at most one of \(context)\(listed) & \(names[names.count - 1]) must be configured")
  }

  /// Names of secrets in a secret manager, which nothing here could look up.
  private func refuseReferences(_ record: Record, _ names: [String]) {
    for name in names where isSet(record, name) {
      fail(
        record.line(of: name),
        "\(name) needs a secret manager, which is not supported; use the key that ends in _file")
    }
  }

  private func checkProxy(_ record: Record) {
    let hasURL = isSet(record, "proxy_url")
    let fromEnvironment = record.bool("proxy_from_environment")
    if let problem = GoURL.problem(record.string("proxy_url")) {
      fail(record.line(of: "proxy_url"), problem)
    }
    if !record.stringsMap("proxy_connect_header").isEmpty && !hasURL && !fromEnvironment {
      fail(
        record.line(of: "proxy_connect_header"),
        "if proxy_connect_header is configured, proxy_url or proxy_from_environment must also "
          + "be configured")
    }
    if fromEnvironment && hasURL {
      fail(
        record.line(of: "proxy_url"),
        "if proxy_from_environment is configured, proxy_url must not be configured")
    }
    if fromEnvironment && isSet(record, "no_proxy") {
      fail(
        record.line(of: "no_proxy"),
        "if proxy_from_environment is configured, no_proxy must not be configured")
    }
    if !fromEnvironment && !hasURL && isSet(record, "no_proxy") {
      fail(
        record.line(of: "no_proxy"),
        "if no_proxy is configured, proxy_url must also be configured")
    }
  }

  private func header(_ entry: RecordEntry) -> HTTPHeaderConfig {
    let name = ReservedHeaders.canonical(entry.key)
    if ReservedHeaders.ofClients.contains(name.lowercased()) {
      fail(entry.record.line, "setting header \(GoQuote.quote(name)) is not allowed")
    }
    return HTTPHeaderConfig(
      name: name, values: entry.record.strings("values"),
      secrets: entry.record.strings("secrets").map(Secret.init),
      files: paths(entry.record, "files"))
  }
}

/// Headers that only the client itself may set.
enum ReservedHeaders {
  /// In lower case, without `authorization`.
  static let ofRemote: Set<String> = [
    "host", "content-encoding", "content-length", "content-type", "user-agent", "connection",
    "keep-alive", "proxy-authenticate", "proxy-authorization", "www-authenticate",
    "accept-encoding", "x-prometheus-remote-write-version",
    "x-prometheus-remote-read-version", "x-amz-date", "x-amz-security-token",
    "x-amz-content-sha256",
  ]
  static let ofClients = ofRemote.union([
    "authorization", "x-prometheus-scrape-timeout-seconds",
  ])

  /// `content-type` as `Content-Type`.
  static func canonical(_ name: String) -> String {
    name.split(separator: "-", omittingEmptySubsequences: false)
      .map { $0.prefix(1).uppercased() + $0.dropFirst().lowercased() }
      .joined(separator: "-")
  }
}
