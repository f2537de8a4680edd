package import ApusModel

/// Services of a Consul catalog.
package struct ConsulDiscoveryConfig: Sendable, Equatable {
  package var server = "localhost:8500"
  package var scheme = "http"
  package var pathPrefix = ""
  package var token = Secret("")
  /// Empty for the agent's own.
  package var datacenter = ""
  package var namespace = ""
  package var partition = ""
  package var tagSeparator = ","
  package var allowsStale = true
  package var refreshIntervalMs: Int64 = 30_000
  /// Empty for all.
  package var services: [String] = []
  /// A service must have all of them.
  package var tags: [String] = []
  /// By key.
  package var nodeMeta: [Label] = []
  /// An expression for the catalog of services.
  package var filter = ""
  /// An expression for the instances of a service.
  package var healthFilter = ""
  package var client = HTTPClientConfig()

  package init() {}
}

extension DiscoveryMechanism {
  static let consul = DiscoveryMechanism(
    "consul",
    Schema(
      "consul.plain",
      [
        Field("server", .string, preset: .string("localhost:8500")),
        Field("path_prefix", .string),
        Field("token", .secret),
        Field("datacenter", .string),
        Field("namespace", .string),
        Field("partition", .string),
        Field("tag_separator", .string, preset: .string(",")),
        Field("scheme", .string, preset: .string("http")),
        Field("username", .string),
        Field("password", .secret),
        Field("allow_stale", .bool, preset: .bool(true), shown: .always),
        Field("refresh_interval", .duration, preset: .duration(30_000)),
        Field("services", .strings),
        Field("tags", .strings),
        Field("node_meta", .stringMap),
        Field("filter", .string),
        Field("health_filter", .string),
      ] + HTTPClientSchema.fields()),
    "[]*consul.SDConfig"
  ) { reader, record in .consul(reader.consul(record)) }
}

extension SectionReader {
  fileprivate func consul(_ record: Record) -> ConsulDiscoveryConfig {
    var config = ConsulDiscoveryConfig()
    config.server = record.string("server")
    if config.server.allSatisfy(\.isWhitespace) && !record.isUnreadable("server") {
      fail(record.line(of: "server"), "consul SD configuration requires a server address")
    }
    config.scheme = record.string("scheme")
    config.pathPrefix = record.string("path_prefix")
    config.token = Secret(record.string("token"))
    config.datacenter = record.string("datacenter")
    config.namespace = record.string("namespace")
    config.partition = record.string("partition")
    config.tagSeparator = record.string("tag_separator")
    config.allowsStale = record.bool("allow_stale")
    config.refreshIntervalMs = record.durationMs("refresh_interval")
    config.services = record.strings("services")
    config.tags = record.strings("tags")
    config.nodeMeta = record.stringMap("node_meta").sorted { precedes($0.key, $1.key) }
      .map { Label($0.key, $0.value) }
    config.filter = record.string("filter")
    config.healthFilter = record.string("health_filter")
    config.client = httpClient(record)
    addUser(record, &config)
    let hasOther = record.has("authorization") || record.has("oauth2")
    if !config.token.isEmpty && hasOther {
      fail(
        record.line(of: "token"),
        "at most one of consul SD token, authorization, or oauth2 can be configured")
    }
    return config
  }

  /// The older keys `username` and `password` are another way to write basic_auth.
  private func addUser(_ record: Record, _ config: inout ConsulDiscoveryConfig) {
    let name = record.string("username")
    let password = record.string("password")
    if name.isEmpty && password.isEmpty { return }
    if record.has("basic_auth") {
      fail(
        record.line(of: "username"),
        "at most one of consul SD configuration username and password and basic auth can be "
          + "configured")
      return
    }
    if record.has("authorization") || record.has("oauth2") {
      fail(
        record.line(of: "username"),
        "at most one of basic_auth, oauth2 & authorization must be configured")
    }
    var basic = BasicAuthConfig()
    basic.username = name
    basic.password = Secret(password)
    config.client.basicAuth = basic
  }
}
