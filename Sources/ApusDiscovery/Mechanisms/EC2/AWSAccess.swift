internal import ApusConfig
internal import ApusHTTP
internal import ApusModel
internal import ApusSystem
internal import Synchronization

/// Where keys and the region come from, as AWS's own tools look for them: the configuration, the
/// environment, the profile's files, then the machine's metadata.
struct AWSAccess: Sendable {
  private let config: AWSAccountConfig
  private let files: any FileSystem
  private let environment: @Sendable (String) -> String?
  private let fetchers: any HTTPFetcherFactory
  private let clock: any WallClock
  private let lent = LentKeys()
  /// Of the machine's metadata.
  var metadataURL = "http://169.254.169.254"
  /// Of the token service; nil for that of the region.
  var tokenServiceURL: String?

  private static let metadataTimeoutMs: Int64 = 2_000

  init(
    _ config: AWSAccountConfig, files: any FileSystem,
    environment: @escaping @Sendable (String) -> String?, fetchers: any HTTPFetcherFactory,
    clock: any WallClock
  ) {
    self.config = config
    self.files = files
    self.environment = environment
    self.fetchers = fetchers
    self.clock = clock
  }

  /// - Throws: where no region is to be found.
  func region() async throws -> String {
    if !config.region.isEmpty { return config.region }
    for name in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
      if let region = environment(name), !region.isEmpty { return region }
    }
    if let region = value("region", in: configFile, "profile \(profile)") { return region }
    do {
      return try await metadata("/latest/meta-data/placement/region")
    } catch {
      try Task.checkCancellation()
      throw TargetSourceError("SD configuration of AWS requires a region")
    }
  }

  /// Of a service, without a slash at the end: as configured, or the public one.
  func endpoint(_ region: String, service: String) -> String {
    if config.endpoint.isEmpty { return publicEndpoint(region, service: service) }
    let url =
      config.endpoint.contains("://") ? config.endpoint : "https://\(config.endpoint)"
    return url.hasSuffix("/") ? String(url.dropLast()) : url
  }

  private func publicEndpoint(_ region: String, service: String) -> String {
    let domain = region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
    return "https://\(service).\(region).\(domain)"
  }

  /// Host and port of an endpoint, as they are signed.
  static func host(of endpoint: String) -> String {
    let rest = endpoint.firstRange(of: "://").map { endpoint[$0.upperBound...] } ?? endpoint[...]
    return String(rest.prefix { $0 != "/" })
  }

  /// Looked for anew each time, for keys are replaced; those of a role are lent, and kept until
  /// shortly before they end.
  /// - Throws: where no keys are to be found, or the role is refused.
  func keys(region: String) async throws -> SigV4.Keys {
    if config.roleARN.isEmpty { return try await ownKeys(region) }
    return try await lent.keys(at: clock.nowMs) {
      try await tokenService(region).assume(
        config.roleARN, externalID: config.externalID, by: try await ownKeys(region))
    }
  }

  private func tokenService(_ region: String) throws -> AWSTokenService {
    let fetcher = try fetchers.fetcher(for: HTTPClientConfig())
    let url = tokenServiceURL ?? publicEndpoint(region, service: "sts")
    return AWSTokenService(
      endpoint: url, region: region,
      api: APIClient(fetcher, timeoutMs: Limits.answerTimeoutMsMax), clock: clock)
  }

  private func ownKeys(_ region: String) async throws -> SigV4.Keys {
    if !config.accessKey.isEmpty || !config.secretKey.isEmpty {
      return SigV4.Keys(accessKey: config.accessKey, secretKey: config.secretKey.text)
    }
    if config.profile.isEmpty, let key = environment("AWS_ACCESS_KEY_ID"), !key.isEmpty,
      let secret = environment("AWS_SECRET_ACCESS_KEY"), !secret.isEmpty
    {
      return SigV4.Keys(
        accessKey: key, secretKey: secret,
        sessionToken: environment("AWS_SESSION_TOKEN") ?? "")
    }
    if config.profile.isEmpty, let role = environment("AWS_ROLE_ARN"), !role.isEmpty,
      let file = environment("AWS_WEB_IDENTITY_TOKEN_FILE"), !file.isEmpty
    {
      return try await lent.keys(at: clock.nowMs, named: "web") {
        let token = try SecretFile.read(file, "web identity token", files)
        return try await tokenService(region).assume(role, webToken: token)
      }
    }
    if let keys = keys(in: credentialsFile, profile) { return keys }
    if let keys = keys(in: configFile, "profile \(profile)") { return keys }
    if !config.profile.isEmpty {
      throw TargetSourceError(
        "there are no keys for profile \(config.profile) in \(credentialsFile) or \(configFile)")
    }
    return try await machineKeys()
  }

  private var profile: String {
    config.profile.isEmpty ? environment("AWS_PROFILE") ?? "default" : config.profile
  }

  private var home: String { environment("HOME") ?? "/" }

  private var credentialsFile: String {
    environment("AWS_SHARED_CREDENTIALS_FILE") ?? FilePath.join(home, ".aws/credentials")
  }

  private var configFile: String {
    environment("AWS_CONFIG_FILE") ?? FilePath.join(home, ".aws/config")
  }

  private func keys(in file: String, _ section: String) -> SigV4.Keys? {
    guard let key = value("aws_access_key_id", in: file, section),
      let secret = value("aws_secret_access_key", in: file, section)
    else { return nil }
    return SigV4.Keys(
      accessKey: key, secretKey: secret,
      sessionToken: value("aws_session_token", in: file, section) ?? "")
  }

  /// Of a file with `[section]` and `name = value`; the section `profile default` may be `default`.
  private func value(_ name: String, in file: String, _ section: String) -> String? {
    guard let text = try? files.readText(file) else { return nil }
    let wanted = section == "profile default" ? [section, "default"] : [section]
    var isInside = false
    for line in text.split(whereSeparator: \.isNewline) {
      let line = Self.trimmed(line)
      if line.hasPrefix("[") {
        isInside = wanted.contains(Self.trimmed(line.dropFirst().prefix { $0 != "]" }))
      } else if isInside, let equals = line.firstIndex(of: "="),
        Self.trimmed(line[..<equals]) == name
      {
        return Self.trimmed(line[line.index(after: equals)...])
      }
    }
    return nil
  }

  private static func trimmed(_ text: some StringProtocol) -> String {
    let isBlank = { (character: Character) in character.isWhitespace }
    return String(text.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
  }

  /// The keys of the role that the machine has.
  private func machineKeys() async throws -> SigV4.Keys {
    do {
      let path = "/latest/meta-data/iam/security-credentials/"
      let role = try await metadata(path)
      let keys = try JSONTree.parse(Array(try await metadata(path + role).utf8))
      return SigV4.Keys(
        accessKey: keys["AccessKeyId"].text, secretKey: keys["SecretAccessKey"].text,
        sessionToken: keys["Token"].text)
    } catch {
      try Task.checkCancellation()
      throw TargetSourceError(
        "no EC2 credentials found: set access_key and secret_key, a profile, or "
          + "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (machine metadata: \(error))")
    }
  }

  /// Asked for with a token, so that no forwarded request gets it.
  private func metadata(_ path: String) async throws -> String {
    if environment("AWS_EC2_METADATA_DISABLED")?.lowercased() == "true" {
      throw TargetSourceError("machine metadata is disabled by AWS_EC2_METADATA_DISABLED")
    }
    let fetcher = try fetchers.fetcher(for: HTTPClientConfig())
    let api = APIClient(fetcher, timeoutMs: Self.metadataTimeoutMs)
    var request = FetchRequest(
      url: metadataURL + "/latest/api/token", timeoutMs: Self.metadataTimeoutMs,
      bodyBytesMax: 1 << 16)
    request.method = "PUT"
    request.headers = [(name: "X-aws-ec2-metadata-token-ttl-seconds", value: "60")]
    let token = try await api.send(request, "machine metadata")
    request.method = "GET"
    request.url = metadataURL + path
    request.headers = [
      (
        name: "X-aws-ec2-metadata-token",
        value: Self.trimmed(String(decoding: token.body, as: UTF8.self))
      )
    ]
    let answer = try await api.send(request, "machine metadata")
    return Self.trimmed(String(decoding: answer.body, as: UTF8.self))
  }
}

/// Keys that were lent, by what for.
private final class LentKeys: Sendable {
  private static let marginMs: Int64 = 300_000

  private let known = Mutex<[String: AWSTokenService.Lent]>([:])

  /// Known keys while they last, else new ones.
  func keys(
    at nowMs: Int64, named name: String = "role",
    _ ask: () async throws -> AWSTokenService.Lent
  ) async throws -> SigV4.Keys {
    if let lent = known.withLock({ $0[name] }), lent.endMs - Self.marginMs > nowMs {
      return lent.keys
    }
    let lent = try await ask()
    known.withLock { $0[name] = lent }
    return lent.keys
  }
}
