/// How the settings of one mechanism are read.
struct DiscoveryMechanism: Sendable {
  /// `dns` for `dns_sd_configs`.
  let name: String
  let schema: Schema
  /// As Go calls the list in its error texts.
  let goType: String
  /// Checks a record; nil where it is too wrong to go on with.
  let read: @Sendable (SectionReader, Record) -> MechanismConfig?

  init(
    _ name: String, _ schema: Schema, _ goType: String,
    read: @escaping @Sendable (SectionReader, Record) -> MechanismConfig?
  ) {
    self.name = name
    self.schema = schema
    self.goType = goType
    self.read = read
  }

  var key: String { "\(name)_sd_configs" }
  var field: Field { Field(key, .objects(schema, goType: goType)) }

  /// By name. Those for files and HTTP servers are apart.
  static let all: [DiscoveryMechanism] = [
    .consul, .digitalOcean, .dns, .docker, .dockerSwarm, .ec2, .eureka, .hetzner, .ionos,
    .kubernetes, .kuma, .lightsail, .linode, .marathon, .nomad, .openStack, .puppetDB, .scaleway,
    .stackit, .triton, .vultr,
  ]

  /// Mechanisms of Prometheus that Apus does not have, and what to use in their place.
  static let missing: [String: String] = [
    "aws": "use ec2_sd_configs and lightsail_sd_configs, and \(anyOther) for the rest",
    "azure": "use \(anyOther)",
    "gce": "use \(anyOther)",
    "nerve": "use \(anyOther)",
    "oci": "use \(anyOther)",
    "outscale": "use \(anyOther)",
    "ovhcloud": "use \(anyOther)",
    "serverset": "use \(anyOther)",
    "uyuni": "use \(anyOther)",
  ]

  private static let anyOther =
    "http_sd_configs (a server that lists the targets as JSON) or file_sd_configs (a file that "
    + "something else keeps up to date)"

  /// Why a key is refused; nil for one that names no missing mechanism.
  static func refusal(of key: String) -> String? {
    let ending = "_sd_configs"
    guard key.hasSuffix(ending) else { return nil }
    let name = String(key.dropLast(ending.count))
    return missing[name].map { "\(name) discovery is not supported; \($0)" }
  }

  /// Keys of configurations, known and missing, for whoever looks for the nearest name.
  static var missingKeys: [String] { missing.keys.sorted().map { "\($0)_sd_configs" } }
}

extension SectionReader {
  /// The settings that a polling mechanism's record holds among its others.
  func polling(_ record: Record) -> PollingConfig {
    var config = PollingConfig()
    config.port = Int(clamping: record.int("port"))
    config.refreshIntervalMs = record.durationMs("refresh_interval")
    config.client = httpClient(record)
    return config
  }

  /// One of several words.
  func role<Role: RawRepresentable>(
    _ record: Record, _ name: String, missing: String, unknown: (String) -> String
  ) -> Role? where Role.RawValue == String {
    let text = record.string(name)
    if text.isEmpty {
      if !record.isUnreadable(name) { fail(record.line, missing) }
      return nil
    }
    if let role = Role(rawValue: text) { return role }
    fail(record.line(of: name), unknown(text))
    return nil
  }
}
