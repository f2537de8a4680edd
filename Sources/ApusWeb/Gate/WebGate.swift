internal import ApusConfig
package import ApusHTTP
package import ApusSystem
package import ApusTelemetry
internal import NIOSSL
internal import Synchronization

/// Who may come in, by the web configuration file. The file, and those that it names, are looked at
/// for each request and each connection, so that a change needs no reload.
///
/// Behaves as Prometheus's exporter-toolkit, web/handler.go and tls_config.go.
package final class WebGate: Sendable {
  private let path: String
  private let files: any FileSystem
  private let log: Log
  private let known: Mutex<Known>
  private let passwords = PasswordCache()
  /// One at a time: wrong passwords at full speed take one processor, and no thread from others.
  private let thread = BlockingThread(name: "passwords")
  /// Whether connections are encrypted. That is decided at the start, and for good.
  package let hasTLS: Bool

  /// What was read last.
  private struct Known {
    var bytes: [UInt8]
    var config: WebConfig?
    var material: ServerTLSMaterial?
    var context: NIOSSLContext?
  }

  /// - Throws: what is wrong with the file, or with those that it names.
  package init(path: String, files: any FileSystem, log: Log) throws(WebConfigFile.Failure) {
    self.path = path
    self.files = files
    self.log = log
    let (bytes, config) = try WebConfigFile.validate(path, files)
    hasTLS = config.tls != nil
    known = Mutex(Known(bytes: bytes, config: config))
  }
}

extension WebGate {
  /// The file as it is now; nil where it is broken.
  private func config() -> WebConfig? {
    let bytes: [UInt8]
    do throws(PosixError) {
      bytes = try files.read(path)
    } catch {
      log.error("Unable to parse configuration", ["err": error.description])
      return nil
    }
    return known.withLock { known in
      if known.bytes == bytes { return known.config }
      known.bytes = bytes
      do throws(WebConfigFile.Failure) {
        known.config = try WebConfigFile.parse(bytes, path)
      } catch {
        known.config = nil
        log.error("Unable to parse configuration", ["err": error.description])
      }
      return known.config
    }
  }

  enum Verdict {
    /// With headers for the answer.
    case pass([WebHeader])
    case refuse(WebResponse)
    /// Credentials that were not seen before.
    case verify(Credentials)
  }

  struct Credentials: Sendable {
    fileprivate let user: String
    fileprivate let password: [UInt8]
    fileprivate let hash: String
    fileprivate let isKnownUser: Bool
  }

  /// Judges a request by its head; takes no time to speak of.
  /// - Parameter isVerified: its credentials were found good a moment ago.
  func judge(_ head: WebRequest, isVerified: Bool) -> Verdict {
    guard let config = config() else {
      return .refuse(.text("Internal Server Error", status: 500))
    }
    guard !config.users.isEmpty, !isVerified else { return .pass(config.headers) }
    guard let (user, password) = BasicCredentials.read(head.headers["authorization"]) else {
      return .refuse(refusal(config))
    }
    let hash = config.users[user]?.text
    let credentials = Credentials(
      user: user, password: password, hash: hash ?? Self.nobodysHash, isKnownUser: hash != nil)
    switch passwords.isGood(credentials.key) {
    case true?: return .pass(config.headers)
    case false?: return .refuse(refusal(config))
    case nil: return .verify(credentials)
    }
  }

  /// For names that nobody has, so that they take as long as others.
  private static let nobodysHash = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"

  /// Compares the password, which takes long on purpose.
  func verify(_ credentials: Credentials) async -> Bool {
    await thread.run {
      if let known = self.passwords.isGood(credentials.key) { return known }
      let matches = (try? Bcrypt(credentials.hash))?.matches(credentials.password) == true
      let isGood = matches && credentials.isKnownUser
      self.passwords.remember(credentials.key, isGood: isGood)
      return isGood
    }
  }

  func refusal() -> WebResponse { refusal(config() ?? WebConfig()) }

  private func refusal(_ config: WebConfig) -> WebResponse {
    var response = WebResponse.text("Unauthorized", status: 401)
    response.headers.append(("WWW-Authenticate", "Basic"))
    response.headers += config.headers.map { ($0.name, $0.value) }
    return response
  }

  /// What a new connection needs; nil where it can not be had: the client is turned away.
  func tls() -> (material: ServerTLSMaterial, context: NIOSSLContext)? {
    guard let tls = config()?.tls else { return nil }
    do throws(ServerTLSMaterial.Failure) {
      let material = try ServerTLSMaterial(tls, files)
      if let ready = known.withLock({ $0.material == material ? $0.context : nil }) {
        return (material, ready)
      }
      let context = try material.context()
      known.withLock { ($0.material, $0.context) = (material, context) }
      return (material, context)
    } catch {
      log.error("Unable to set up TLS", ["err": error.description])
      return nil
    }
  }
}

extension WebGate.Credentials {
  /// The same for the same user, hash and password only.
  fileprivate var key: [UInt8] {
    [Array(user.utf8), Array(hash.utf8), password].flatMap { part in
      Array("\(part.count):".utf8) + part
    }
  }
}

/// `Basic base64(user:password)`
enum BasicCredentials {
  static func read(_ header: String?) -> (user: String, password: [UInt8])? {
    guard let header else { return nil }
    let parts = header.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, parts[0].lowercased() == "basic",
      let bytes = Base64.decode(String(parts[1])),
      let colon = bytes.firstIndex(of: UInt8(ascii: ":"))
    else { return nil }
    return (String(decoding: bytes[..<colon], as: UTF8.self), Array(bytes[(colon + 1)...]))
  }
}

/// Credentials that were compared before. Good and bad ones apart, so that whoever tries passwords
/// does not drive out those of others.
private final class PasswordCache: Sendable {
  private struct State {
    var good: Set<[UInt8]> = []
    var bad: Set<[UInt8]> = []
  }

  private let state = Mutex(State())

  /// Nil where they were not compared.
  func isGood(_ key: [UInt8]) -> Bool? {
    state.withLock { state in
      if state.good.contains(key) { return true }
      return state.bad.contains(key) ? false : nil
    }
  }

  func remember(_ key: [UInt8], isGood: Bool) {
    state.withLock { state in
      if isGood {
        if state.good.count >= Limits.passwordsMax { state.good.removeFirst() }
        state.good.insert(key)
      } else {
        if state.bad.count >= Limits.passwordsMax { state.bad.removeFirst() }
        state.bad.insert(key)
      }
    }
  }
}
