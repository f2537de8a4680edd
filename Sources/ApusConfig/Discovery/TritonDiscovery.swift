/// Containers or compute nodes of a Triton data center, by its container monitor.
package struct TritonDiscoveryConfig: Sendable, Equatable {
  package enum Role: String, Sendable { case container, cn }

  package var role = Role.container
  package var account = ""
  package var dnsSuffix = ""
  package var endpoint = ""
  package var groups: [String] = []
  /// Of the monitor, and of the targets.
  package var port = 9163
  package var version = 1
  package var refreshIntervalMs: Int64 = 60_000
  package var tls = TLSConfig()

  package init() {}
}

extension DiscoveryMechanism {
  static let triton = DiscoveryMechanism(
    "triton",
    Schema(
      "triton.plain",
      [
        Field("account", .string, shown: .always),
        Field("role", .string, preset: .string("container"), shown: .always),
        Field("dns_suffix", .string, shown: .always),
        Field("endpoint", .string, shown: .always),
        Field("groups", .strings),
        Field("port", .int, preset: .int(9163), shown: .always),
        Field("refresh_interval", .duration, preset: .duration(60_000)),
        Field("tls_config", .object(HTTPClientSchema.tls)),
        Field("version", .int, preset: .int(1), shown: .always),
      ]),
    "[]*triton.SDConfig"
  ) { reader, record in
    var config = TritonDiscoveryConfig()
    if let role = TritonDiscoveryConfig.Role(rawValue: record.string("role")) {
      config.role = role
    } else {
      reader.fail(
        record.line(of: "role"),
        "triton SD configuration requires role to be 'container' or 'cn'")
    }
    config.account = record.string("account")
    config.dnsSuffix = record.string("dns_suffix")
    config.endpoint = record.string("endpoint")
    let wanted = [
      ("account", "an account"), ("dns_suffix", "a dns_suffix"), ("endpoint", "an endpoint"),
    ]
    for (name, what) in wanted where record.string(name).isEmpty {
      reader.fail(record.line, "triton SD configuration requires \(what)")
    }
    config.groups = record.strings("groups")
    config.port = Int(clamping: record.int("port"))
    config.version = Int(clamping: record.int("version"))
    config.refreshIntervalMs = record.durationMs("refresh_interval")
    if config.refreshIntervalMs <= 0 && !record.isUnreadable("refresh_interval") {
      reader.fail(
        record.line(of: "refresh_interval"),
        "triton SD configuration requires RefreshInterval to be a positive integer")
    }
    config.tls = record.object("tls_config").map { reader.tls($0) } ?? TLSConfig()
    return .triton(config)
  }
}
