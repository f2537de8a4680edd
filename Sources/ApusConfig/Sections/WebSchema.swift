/// The keys of the web configuration file.
enum WebSchema {
  static let tls = Schema(
    "web.TLSConfig",
    [
      Field("cert", .string),
      Field("key", .secret),
      Field("client_ca", .string),
      Field("cert_file", .string),
      Field("key_file", .string),
      Field("client_auth_type", .string),
      Field("client_ca_file", .string),
      Field("cipher_suites", .strings),
      Field("curve_preferences", .strings),
      Field("min_version", .string),
      Field("max_version", .string),
      Field("prefer_server_cipher_suites", .bool, preset: .bool(true)),
      Field("client_allowed_sans", .strings),
    ])

  static let http = Schema(
    "web.HTTPConfig",
    [
      Field("http2", .bool, preset: .bool(true)),
      Field("headers", .stringMap),
    ])

  static let file = Schema(
    "web.Config",
    [
      Field("tls_server_config", .object(tls)),
      Field("http_server_config", .object(http)),
      Field("basic_auth_users", .secretMap),
    ])

  /// What headers may be set, and to what; an empty list for anything.
  static let headers: [String: [String]] = [
    "Strict-Transport-Security": [],
    "X-Content-Type-Options": ["nosniff"],
    "X-Frame-Options": ["deny", "sameorigin"],
    "X-XSS-Protection": [],
    "Content-Security-Policy": [],
  ]

  /// Go's names of ciphers that are safe; those of TLS 1.3 are always on.
  static let ciphers: [String: UInt16] = [
    "TLS_AES_128_GCM_SHA256": 0x1301,
    "TLS_AES_256_GCM_SHA384": 0x1302,
    "TLS_CHACHA20_POLY1305_SHA256": 0x1303,
    "TLS_RSA_WITH_AES_128_CBC_SHA": 0x002F,
    "TLS_RSA_WITH_AES_256_CBC_SHA": 0x0035,
    "TLS_RSA_WITH_AES_128_GCM_SHA256": 0x009C,
    "TLS_RSA_WITH_AES_256_GCM_SHA384": 0x009D,
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": 0xC009,
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": 0xC00A,
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": 0xC013,
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": 0xC014,
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": 0xC02B,
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": 0xC02C,
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": 0xC02F,
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": 0xC030,
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": 0xCCA8,
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": 0xCCA9,
  ]

  static let curves: [String: UInt16] = [
    "CurveP256": 23, "CurveP384": 24, "CurveP521": 25, "X25519": 29,
  ]
}
