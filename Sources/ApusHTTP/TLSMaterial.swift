internal import ApusConfig
internal import ApusSystem
internal import NIOSSL

/// The bytes of certificates and keys that a configuration names. Two that are equal make equal
/// clients.
struct TLSMaterial: Sendable, Equatable {
  let ca: [UInt8]
  let certificate: [UInt8]
  let key: [UInt8]

  /// Reads the files anew.
  init(_ config: TLSConfig, _ files: any FileSystem) throws(FetchError) {
    ca = try Self.bytes(config.ca, config.caFile, "CA cert", files)
    certificate = try Self.bytes(
      config.certificate, config.certificateFile, "client cert", files)
    key = try Self.bytes(config.key.text, config.keyFile, "client key", files)
  }

  private static func bytes(
    _ text: String, _ file: String, _ what: String, _ files: any FileSystem
  ) throws(FetchError) -> [UInt8] {
    if file.isEmpty { return Array(text.utf8) }
    do throws(PosixError) {
      return try files.read(file)
    } catch {
      throw FetchError(
        .tls, url: "", description: "unable to read \(what) \(file): \(error.description)")
    }
  }

  /// What the TLS library wants to know.
  func configuration(_ config: TLSConfig) throws(FetchError) -> TLSConfiguration {
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.minimumTLSVersion = (config.minVersion ?? .tls12).library
    tls.maximumTLSVersion = config.maxVersion?.library
    if config.skipsVerification { tls.certificateVerification = .none }
    if !ca.isEmpty {
      do {
        let certificates = try NIOSSLCertificate.fromPEMBytes(ca)
        tls.trustRoots = .certificates(certificates)
      } catch {
        throw refused("unable to load specified CA cert \(config.caFile): \(error)")
      }
    }
    if !certificate.isEmpty {
      do {
        tls.certificateChain = try NIOSSLCertificate.fromPEMBytes(certificate)
          .map { .certificate($0) }
        tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: key, format: .pem))
      } catch {
        throw refused(
          "unable to use specified client cert (\(config.certificateFile)) & key "
            + "(\(config.keyFile)): \(error)")
      }
    }
    return tls
  }

  private func refused(_ text: String) -> FetchError {
    FetchError(.tls, url: "", description: text)
  }
}

extension TLSConfig.Version {
  var library: TLSVersion {
    switch self {
    case .tls10: .tlsv1
    case .tls11: .tlsv11
    case .tls12: .tlsv12
    case .tls13: .tlsv13
    }
  }
}
