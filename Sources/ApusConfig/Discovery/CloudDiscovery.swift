internal import ApusModel

// Clouds whose settings are few: each a struct, and its keys below.

/// Droplets of DigitalOcean, or its managed databases.
package struct DigitalOceanDiscoveryConfig: Sendable, Equatable {
  package enum Role: String, Sendable { case droplets, databases }

  package var role = Role.droplets
  package var polling = PollingConfig()

  package init() {}
}

/// Servers of Hetzner: of its cloud, or dedicated ones (robot).
package struct HetznerDiscoveryConfig: Sendable, Equatable {
  package enum Role: String, Sendable { case hcloud, robot }

  package var role: Role
  /// For hcloud; empty for all servers.
  package var labelSelector = ""
  package var polling = PollingConfig()

  package init(role: Role) { self.role = role }
}

/// Servers of an IONOS data center.
package struct IONOSDiscoveryConfig: Sendable, Equatable {
  package var datacenterID: String
  package var polling = PollingConfig()

  package init(datacenterID: String) { self.datacenterID = datacenterID }
}

/// Linodes.
package struct LinodeDiscoveryConfig: Sendable, Equatable {
  /// Empty for all.
  package var region = ""
  package var tagSeparator = ","
  package var polling = PollingConfig()

  package init() {}
}

/// Instances of Vultr.
package struct VultrDiscoveryConfig: Sendable, Equatable {
  package var polling = PollingConfig()

  package init() {}
}

extension DiscoveryMechanism {
  private static let refresh = [
    Field("refresh_interval", .duration, preset: .duration(60_000)),
    Field("port", .int, preset: .int(80), shown: .always),
  ]

  static let digitalOcean = DiscoveryMechanism(
    "digitalocean",
    Schema(
      "digitalocean.plain",
      HTTPClientSchema.fields() + refresh + [
        Field("role", .string, preset: .string("droplets"))
      ]),
    "[]*digitalocean.SDConfig"
  ) { reader, record in
    var config = DigitalOceanDiscoveryConfig()
    if let role: DigitalOceanDiscoveryConfig.Role = reader.role(
      record, "role", missing: "role missing (one of: droplets, databases)",
      unknown: { "unknown role \(GoQuote.quote($0))" })
    {
      config.role = role
    }
    config.polling = reader.polling(record)
    return .digitalOcean(config)
  }

  static let hetzner = DiscoveryMechanism(
    "hetzner",
    Schema(
      "hetzner.plain",
      HTTPClientSchema.fields() + refresh + [
        Field("role", .string, shown: .always),
        Field("label_selector", .string),
      ]),
    "[]*hetzner.SDConfig"
  ) { reader, record in
    let role: HetznerDiscoveryConfig.Role? = reader.role(
      record, "role", missing: "role missing (one of: robot, hcloud)",
      unknown: { "unknown role \(GoQuote.quote($0))" })
    let polling = reader.polling(record)
    guard let role else { return nil }
    var config = HetznerDiscoveryConfig(role: role)
    config.labelSelector = record.string("label_selector")
    config.polling = polling
    return .hetzner(config)
  }

  static let ionos = DiscoveryMechanism(
    "ionos",
    Schema(
      "ionos.plain",
      [
        Field("datacenter_id", .string, shown: .always)
      ] + HTTPClientSchema.fields() + refresh),
    "[]*ionos.SDConfig"
  ) { reader, record in
    var config = IONOSDiscoveryConfig(datacenterID: record.string("datacenter_id"))
    if config.datacenterID.isEmpty && !record.isUnreadable("datacenter_id") {
      reader.fail(record.line, "datacenter id can't be empty")
    }
    config.polling = reader.polling(record)
    return .ionos(config)
  }

  static let linode = DiscoveryMechanism(
    "linode",
    Schema(
      "linode.plain",
      HTTPClientSchema.fields() + refresh + [
        Field("tag_separator", .string, preset: .string(",")),
        Field("region", .string),
      ]),
    "[]*linode.SDConfig"
  ) { reader, record in
    var config = LinodeDiscoveryConfig()
    config.region = record.string("region")
    config.tagSeparator = record.string("tag_separator")
    config.polling = reader.polling(record)
    return .linode(config)
  }

  static let vultr = DiscoveryMechanism(
    "vultr", Schema("vultr.plain", HTTPClientSchema.fields() + refresh), "[]*vultr.SDConfig"
  ) { reader, record in
    var config = VultrDiscoveryConfig()
    config.polling = reader.polling(record)
    return .vultr(config)
  }
}
