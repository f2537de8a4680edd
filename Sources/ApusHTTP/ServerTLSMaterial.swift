package import ApusConfig
package import ApusSystem
package import NIOSSL

/// What a server of ours shows of itself, and whom it lets in: certificate, key and authorities as
/// bytes. Two that are equal make equal contexts.
package struct ServerTLSMaterial: Sendable, Equatable {
  package let config: WebTLSConfig
  private let certificate: [UInt8]
  private let key: [UInt8]
  private let authorities: [UInt8]

  /// Why no server can be made of it, in the words of Prometheus.
  package struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String
  }

  /// Reads the files anew.
  package init(_ config: WebTLSConfig, _ files: any FileSystem) throws(Failure) {
    self.config = config
    let pair = "failed to load X509KeyPair"
    certificate = try Self.bytes(config.certificate, config.certificateFile, pair, files)
    key = try Self.bytes(config.key.text, config.keyFile, pair, files)
    authorities = try Self.bytes(
      config.clientCA, config.clientCAFile, "unable to read client CAs", files)
  }

  private static func bytes(
    _ text: String, _ file: String, _ what: String, _ files: any FileSystem
  ) throws(Failure) -> [UInt8] {
    if file.isEmpty { return Array(text.utf8) }
    do throws(PosixError) {
      return try files.read(file)
    } catch {
      throw Failure(description: "\(what): open \(file): \(error.description)")
    }
  }

  /// What a connection needs; takes a millisecond.
  package func context() throws(Failure) -> NIOSSLContext {
    var tls: TLSConfiguration
    do {
      let chain = try NIOSSLCertificate.fromPEMBytes(certificate)
      guard !chain.isEmpty else { throw Failure(description: "no certificate in it") }
      tls = TLSConfiguration.makeServerConfiguration(
        certificateChain: chain.map { .certificate($0) },
        privateKey: .privateKey(try NIOSSLPrivateKey(bytes: key, format: .pem)))
      tls.minimumTLSVersion = config.minVersion.library
      tls.maximumTLSVersion = config.maxVersion.library
      tls.applicationProtocols = ["http/1.1"]
      if !config.ciphers.isEmpty {
        tls.cipherSuiteValues = config.ciphers.map { NIOTLSCipher(rawValue: $0) }
      }
      if !config.curves.isEmpty { tls.curves = config.curves.map { NIOTLSCurve(rawValue: $0) } }
    } catch {
      throw Failure(description: "failed to load X509KeyPair: \(error)")
    }
    try setClients(&tls)
    do {
      return try NIOSSLContext(configuration: tls)
    } catch {
      throw Failure(description: "failed to load X509KeyPair: \(error)")
    }
  }

  private func setClients(_ tls: inout TLSConfiguration) throws(Failure) {
    if !authorities.isEmpty {
      do {
        let trusted = try NIOSSLCertificate.fromPEMBytes(authorities)
        tls.trustRoots = .certificates(trusted)
        tls.sendCANameList = true
      } catch {
        throw Failure(description: "unable to read client CAs: \(error)")
      }
    }
    switch config.clientAuth {
    case .none: tls.certificateVerification = .none
    case .request, .verifyIfGiven: tls.certificateVerification = .optionalVerification
    case .requireAny, .requireAndVerify: tls.certificateVerification = .noHostnameVerification
    }
  }

  /// Whether any certificate of a client will do, whoever signed it.
  package var acceptsAnyCertificate: Bool {
    config.clientAuth == .request || config.clientAuth == .requireAny
  }

  /// Whether a client may come in by the names of its certificate.
  package func allows(_ certificate: NIOSSLCertificate?) -> Bool {
    guard !config.clientAllowedNames.isEmpty else { return true }
    guard let certificate else { return config.clientAuth != .requireAndVerify }
    let names = certificate._subjectAlternativeNames().map(Self.text)
    return names.contains { name in name.map(config.clientAllowedNames.contains) == true }
  }

  /// A name as text: DNS, mail and URI names as they are, addresses as usual.
  private static func text(_ name: _SubjectAlternativeName) -> String? {
    let bytes = Array(name.contents)
    switch name.nameType {
    case .dnsName, .email, .uri: return String(decoding: bytes, as: UTF8.self)
    case .ipAddress where bytes.count == 4:
      return bytes.map { String($0) }.joined(separator: ".")
    case .ipAddress where bytes.count == 16: return IPv6Text.text(bytes)
    default: return nil
    }
  }
}

/// IPv6 addresses as text (RFC 5952).
enum IPv6Text {
  /// - Parameter bytes: 16 of them.
  static func text(_ bytes: [UInt8]) -> String {
    let groups = stride(from: 0, to: 16, by: 2).map {
      UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1])
    }
    var longest = 0..<0
    var start = 0
    while start < 8 {
      var end = start
      while end < 8, groups[end] == 0 { end += 1 }
      if end - start > longest.count { longest = start..<end }
      start = max(end, start + 1)
    }
    let words = groups.map { String($0, radix: 16) }
    guard longest.count > 1 else { return words.joined(separator: ":") }
    return words[..<longest.lowerBound].joined(separator: ":") + "::"
      + words[longest.upperBound...].joined(separator: ":")
  }
}
