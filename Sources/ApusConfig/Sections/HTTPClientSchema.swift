/// The keys of the shared HTTP client block, inline in scrape configs and other sections.
enum HTTPClientSchema {
  static func fields(enablesHTTP2: Bool = true) -> [Field] {
    [
      Field("basic_auth", .object(basicAuth)),
      Field("authorization", .object(authorization)),
      Field("oauth2", .object(oauth2)),
      Field("bearer_token", .secret, shown: .never),
      Field("bearer_token_file", .string, shown: .never),
      Field("tls_config", .object(tls)),
      Field("follow_redirects", .bool, preset: .bool(true), shown: .always),
      Field("enable_http2", .bool, preset: .bool(enablesHTTP2), shown: .always),
    ] + proxy + [Field("http_headers", .objectMap(header))]
  }

  /// A file that holds nothing else.
  static let file = Schema("config.plain", fields())

  static let proxy = [
    Field("proxy_url", .string),
    Field("no_proxy", .string),
    Field("proxy_from_environment", .bool),
    Field("proxy_connect_header", .stringsMap),
  ]

  static let basicAuth = Schema(
    "config.plain",
    [
      Field("username", .string),
      Field("username_file", .string),
      Field("username_ref", .string),
      Field("password", .secret),
      Field("password_file", .string),
      Field("password_ref", .string),
    ])

  static let authorization = Schema(
    "config.Authorization",
    [
      Field("type", .string),
      Field("credentials", .secret),
      Field("credentials_file", .string),
      Field("credentials_ref", .string),
    ])

  static let tls = Schema(
    "config.plain",
    [
      Field("ca", .string),
      Field("cert", .string),
      Field("key", .secret),
      Field("ca_file", .string),
      Field("cert_file", .string),
      Field("key_file", .string),
      Field("ca_ref", .string),
      Field("cert_ref", .string),
      Field("key_ref", .string),
      Field("server_name", .string),
      Field("insecure_skip_verify", .bool, shown: .always),
      Field("min_version", .string),
      Field("max_version", .string),
    ])

  static let oauth2 = Schema(
    "config.OAuth2",
    [
      Field("client_id", .string, shown: .always),
      Field("client_secret", .secret),
      Field("client_secret_file", .string),
      Field("client_secret_ref", .string),
      Field("client_certificate_key_id", .string),
      Field("client_certificate_key", .secret),
      Field("client_certificate_key_file", .string),
      Field("client_certificate_key_ref", .string),
      Field("grant_type", .string),
      Field("signature_algorithm", .string),
      Field("iss", .string),
      Field("audience", .string),
      Field("claims", .stringMap),
      Field("scopes", .strings),
      Field("token_url", .string, shown: .always),
      Field("endpoint_params", .stringMap),
      Field("tls_config", .object(tls)),
    ] + proxy)

  static let header = Schema(
    "config.Header",
    [
      Field("values", .strings),
      Field("secrets", .secrets),
      Field("files", .strings),
    ])
}
