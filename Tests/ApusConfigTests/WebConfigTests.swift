import ApusConfig
import Testing

@Suite struct WebConfigTests {
  private func load(_ text: String) throws -> WebConfig {
    try WebConfigLoader.load(Array(text.utf8), file: "web.yml", directory: "/etc")
  }

  @Test func `all keys are read, paths from the file's directory`() throws {
    let config = try load(
      """
      tls_server_config:
        cert_file: server.crt
        key_file: /keys/server.key
        client_auth_type: RequireAndVerifyClientCert
        client_ca_file: ca.crt
        client_allowed_sans: [a.example]
        min_version: TLS13
        cipher_suites: [TLS_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]
        curve_preferences: [X25519]
      http_server_config:
        http2: false
        headers:
          X-Frame-Options: deny
          Content-Security-Policy: default-src 'self'
      basic_auth_users:
        alice: $2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW
      """)
    #expect(config.tls?.certificateFile == "/etc/server.crt")
    #expect(config.tls?.keyFile == "/keys/server.key")
    #expect(config.tls?.clientCAFile == "/etc/ca.crt")
    #expect(config.tls?.clientAuth == .requireAndVerify)
    #expect(config.tls?.clientAllowedNames == ["a.example"])
    #expect(config.tls?.minVersion == .tls13)
    #expect(config.tls?.ciphers == [0xC02F] && config.tls?.curves == [29])
    #expect(!config.allowsHTTP2)
    #expect(config.headers.map(\.name) == ["Content-Security-Policy", "X-Frame-Options"])
    #expect(config.users.keys.sorted() == ["alice"])
    #expect("\(config.users)".contains("<secret>") && !"\(config.users)".contains("$2y"))
  }

  @Test(arguments: ["", "{}", "tls_server_config: {}", "tls_server_config: {min_version: TLS12}"])
  func `without certificates there is no TLS`(text: String) throws {
    #expect(try load(text).tls == nil)
  }

  @Test(arguments: [
    ("global: {}", "yaml: unmarshal errors:\n  line 1: field global not found in type web.Config"),
    ("tls_server_config: {cert_file: a}", "missing one of key or key_file (line 1)"),
    ("tls_server_config: {key_file: a}", "missing one of cert or cert_file (line 1)"),
    (
      "tls_server_config: {cert_file: a, key_file: b, client_auth_type: Maybe}",
      "Invalid ClientAuth: Maybe (line 1)"
    ),
    (
      "tls_server_config: {cert_file: a, key_file: b, client_ca_file: c}",
      "Client CA's have been configured without a Client Auth Policy (line 1)"
    ),
    (
      "tls_server_config: {cert_file: a, key_file: b, min_version: TLS9}",
      "unknown TLS version: TLS9 (line 1)"
    ),
    (
      "tls_server_config: {cert_file: a, key_file: b, cipher_suites: [NO]}",
      "unknown cipher: NO (line 1)"
    ),
    (
      "http_server_config: {headers: {X-Other: a}}",
      #"HTTP header "X-Other" can not be configured (line 1)"#
    ),
    (
      "http_server_config: {headers: {X-Frame-Options: maybe}}",
      #"invalid value for X-Frame-Options. Expected one of: ["deny" "sameorigin"], but got:"#
        + #" "maybe" (line 1)"#
    ),
    (
      "basic_auth_users: {bob: plain}",
      "crypto/bcrypt: hashedSecret too short to be a bcrypted password (line 1)"
    ),
  ])
  func `what is wrong is said`(text: String, error: String) {
    let thrown = #expect(throws: ConfigErrors.self) { try load(text) }
    #expect(thrown?.formText == error)
  }
}
