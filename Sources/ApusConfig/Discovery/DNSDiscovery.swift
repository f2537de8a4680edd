internal import ApusModel

/// Names looked up in the DNS.
package struct DNSDiscoveryConfig: Sendable, Equatable {
  package enum RecordType: String, Sendable, CaseIterable {
    case a = "A"
    case aaaa = "AAAA"
    case mx = "MX"
    case ns = "NS"
    case srv = "SRV"
  }

  package var names: [String]
  package var type = RecordType.srv
  /// Of the targets; SRV records bring their own.
  package var port = 0
  package var refreshIntervalMs: Int64 = 30_000

  package init(names: [String]) { self.names = names }
}

extension DiscoveryMechanism {
  static let dns = DiscoveryMechanism(
    "dns",
    Schema(
      "dns.plain",
      [
        Field("names", .strings, shown: .always),
        Field("refresh_interval", .duration, preset: .duration(30_000)),
        Field("type", .string, preset: .string("SRV"), shown: .always),
        Field("port", .int, shown: .always),
      ]),
    "[]*dns.SDConfig"
  ) { reader, record in
    var config = DNSDiscoveryConfig(names: record.strings("names"))
    if config.names.isEmpty && !record.isUnreadable("names") {
      reader.fail(record.line, "DNS-SD config must contain at least one SRV record name")
    }
    config.port = Int(clamping: record.int("port"))
    config.refreshIntervalMs = record.durationMs("refresh_interval")
    let type = record.string("type")
    guard let known = DNSDiscoveryConfig.RecordType(rawValue: type.uppercased()) else {
      reader.fail(record.line(of: "type"), "invalid DNS-SD records type \(type)")
      return nil
    }
    config.type = known
    if known != .srv && config.port == 0 && !record.isUnreadable("port") {
      reader.fail(
        record.line(of: "port"),
        "a port is required in DNS-SD configs for all record types except SRV")
    }
    return .dns(config)
  }
}
