internal import ApusConfig
internal import ApusModel
internal import ApusSystem
internal import ApusTelemetry

/// Targets that names of the DNS stand for, one group for each name.
struct DNSTargets: TargetSource {
  private let config: DNSDiscoveryConfig
  private let resolver: DNSResolver
  private let latest: LatestGroups
  private let metrics: DiscoveryMetrics
  private let log: Log

  init(
    _ config: DNSDiscoveryConfig, resolver: DNSResolver, metrics: DiscoveryMetrics, log: Log
  ) {
    self.config = config
    self.resolver = resolver
    self.metrics = metrics
    self.log = log.with("discovery", "dns")
    latest = LatestGroups()
  }

  /// A name that cannot be looked up keeps its group.
  func groups() async throws -> [TargetGroup] {
    let found = try await withThrowingTaskGroup(of: (String, TargetGroup?).self) { tasks in
      for name in config.names {
        tasks.addTask { (name, try await group(name)) }
      }
      var found: [String: TargetGroup] = [:]
      for try await (name, group) in tasks { found[name] = group }
      return found
    }
    return latest.update(found, names: config.names)
  }

  private func group(_ name: String) async throws -> TargetGroup? {
    metrics.lookups.dnsLookups.increment()
    do {
      let records = try await resolver.records(name, config.type.messageKind)
      return TargetGroup(
        source: name, targets: records.compactMap { target($0, name) }, labels: .empty)
    } catch {
      try Task.checkCancellation()
      metrics.lookups.dnsLookupFailures.increment()
      log.error("Error refreshing DNS targets", ["err": "\(error)"])
      return nil
    }
  }

  private func target(_ record: DNSMessage.Record, _ name: String) -> Labels? {
    var labels = LabelsBuilder()
    labels.set("__meta_dns_name", name)
    switch record {
    case .srv(let target, let port):
      labels.set("__meta_dns_srv_record_target", target)
      labels.set("__meta_dns_srv_record_port", "\(port)")
      labels.set(LabelNames.address, MetaLabels.address(Self.unrooted(target), port))
    case .mx(let target):
      labels.set("__meta_dns_mx_record_target", target)
      labels.set(LabelNames.address, MetaLabels.address(Self.unrooted(target), config.port))
    case .ns(let target):
      labels.set("__meta_dns_ns_record_target", target)
      labels.set(LabelNames.address, MetaLabels.address(Self.unrooted(target), config.port))
    case .address(let address):
      labels.set(LabelNames.address, MetaLabels.address(address, config.port))
    // A name may stand for another name, whose addresses come with it.
    case .cname: return nil
    case .other(let kind):
      log.warning("Invalid record", ["type": "\(kind)", "name": name])
      return nil
    }
    return labels.labels()
  }

  /// Without the dots at the end.
  private static func unrooted(_ name: String) -> String {
    var name = name[...]
    while name.hasSuffix(".") { name = name.dropLast() }
    return String(name)
  }
}

extension DNSDiscoveryConfig.RecordType {
  fileprivate var messageKind: DNSMessage.Kind {
    switch self {
    case .a: .a
    case .aaaa: .aaaa
    case .mx: .mx
    case .ns: .ns
    case .srv: .srv
    }
  }
}
