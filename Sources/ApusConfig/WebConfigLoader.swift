internal import ApusModel
internal import ApusSystem

/// Reads the web configuration file.
package enum WebConfigLoader {
  /// - Parameters:
  ///   - file: names the text in errors.
  ///   - directory: what the paths in it are relative to.
  /// - Throws: everything that is wrong with it.
  package static func load(
    _ bytes: [UInt8], file: String, directory: String
  ) throws(ConfigErrors) -> WebConfig {
    let errors = ErrorList(file: file)
    var document = YAMLDocument(errors: errors)
    var config = WebConfig()
    if let node = document.parse(bytes), errors.isEmpty,
      let record = RecordDecoder(errors: errors).record(node, WebSchema.file)
    {
      let reader = SectionReader(errors: errors, directory: directory)
      config = reader.webConfig(record)
    }
    guard errors.isEmpty else { throw ConfigErrors(errors.sorted) }
    return config
  }
}

extension SectionReader {
  fileprivate func webConfig(_ record: Record) -> WebConfig {
    var config = WebConfig()
    if let http = record.object("http_server_config") {
      config.allowsHTTP2 = http.bool("http2")
      config.headers = webHeaders(http)
    }
    if let tls = record.object("tls_server_config") { config.tls = webTLS(tls) }
    for entry in record.stringMap("basic_auth_users") {
      do throws(Bcrypt.Failure) {
        _ = try Bcrypt(entry.value)
      } catch {
        fail(entry.line, error.description)
      }
      config.users[entry.key] = Secret(entry.value)
    }
    return config
  }

  private func webHeaders(_ record: Record) -> [WebHeader] {
    let entries = record.stringMap("headers").sorted { precedes($0.key, $1.key) }
    for entry in entries {
      guard let allowed = WebSchema.headers[entry.key] else {
        fail(entry.line, "HTTP header \(GoQuote.quote(entry.key)) can not be configured")
        continue
      }
      guard allowed.isEmpty || allowed.contains(entry.value) else {
        let all = allowed.map(GoQuote.quote).joined(separator: " ")
        fail(
          entry.line,
          "invalid value for \(entry.key). Expected one of: [\(all)], but got: "
            + GoQuote.quote(entry.value))
        continue
      }
    }
    return entries.map { WebHeader(name: $0.key, value: $0.value) }
  }

  /// Nil where the block says nothing of certificates.
  private func webTLS(_ record: Record) -> WebTLSConfig? {
    var tls = WebTLSConfig()
    tls.certificate = record.string("cert")
    tls.certificateFile = path(record, "cert_file")
    tls.key = Secret(record.string("key"))
    tls.keyFile = path(record, "key_file")
    tls.clientCA = record.string("client_ca")
    tls.clientCAFile = path(record, "client_ca_file")
    tls.clientAllowedNames = record.strings("client_allowed_sans")
    readVersions(record, &tls)
    tls.ciphers = numbers(record, "cipher_suites", WebSchema.ciphers, "unknown cipher: ")
      .filter { $0 & 0xFF00 != 0x1300 }
    tls.curves = numbers(record, "curve_preferences", WebSchema.curves, "unknown curve: ")
    let auth = record.string("client_auth_type")
    guard isPresent(tls, auth) else { return nil }
    readClientAuth(record, auth, &tls)
    checkPairs(record, tls)
    return tls
  }

  private func isPresent(_ tls: WebTLSConfig, _ auth: String) -> Bool {
    !(tls.certificate.isEmpty && tls.certificateFile.isEmpty && tls.key.isEmpty
      && tls.keyFile.isEmpty && tls.clientCA.isEmpty && tls.clientCAFile.isEmpty && auth.isEmpty)
  }

  private func readClientAuth(_ record: Record, _ auth: String, _ tls: inout WebTLSConfig) {
    switch auth {
    case "", "NoClientCert": tls.clientAuth = .none
    case "RequestClientCert": tls.clientAuth = .request
    case "RequireAnyClientCert", "RequireClientCert": tls.clientAuth = .requireAny
    case "VerifyClientCertIfGiven": tls.clientAuth = .verifyIfGiven
    case "RequireAndVerifyClientCert": tls.clientAuth = .requireAndVerify
    default: fail(record.line(of: "client_auth_type"), "Invalid ClientAuth: \(auth)")
    }
  }

  private func checkPairs(_ record: Record, _ tls: WebTLSConfig) {
    func check(_ text: Bool, _ file: Bool, _ name: String) {
      if !text && !file { fail(record.line, "missing one of \(name) or \(name)_file") }
      if text && file { fail(record.line, "only one of \(name) and \(name)_file can be set") }
    }
    check(!tls.certificate.isEmpty, !tls.certificateFile.isEmpty, "cert")
    check(!tls.key.isEmpty, !tls.keyFile.isEmpty, "key")
    let hasCA = !tls.clientCA.isEmpty || !tls.clientCAFile.isEmpty
    if !tls.clientCA.isEmpty && !tls.clientCAFile.isEmpty {
      fail(record.line, "only one of client_ca and client_ca_file can be set")
    }
    if hasCA && tls.clientAuth == .none {
      fail(record.line, "Client CA's have been configured without a Client Auth Policy")
    }
  }

  private func readVersions(_ record: Record, _ tls: inout WebTLSConfig) {
    func version(_ name: String, _ preset: TLSConfig.Version) -> TLSConfig.Version {
      let text = record.string(name)
      if text.isEmpty { return preset }
      if let version = TLSConfig.Version(rawValue: text) { return version }
      fail(record.line(of: name), "unknown TLS version: \(text)")
      return preset
    }
    tls.minVersion = version("min_version", .tls12)
    tls.maxVersion = version("max_version", .tls13)
  }

  private func numbers(
    _ record: Record, _ name: String, _ known: [String: UInt16], _ text: String
  ) -> [UInt16] {
    record.strings(name).compactMap { word in
      if let number = known[word] { return number }
      fail(record.line(of: name), text + word)
      return nil
    }
  }
}
