internal import ApusConfig
internal import ApusModel
internal import ApusSystem
internal import ApusTelemetry

/// Linodes with their addresses. All are listed each time; the list of events is not asked for.
struct LinodeTargets: TargetSource {
  let config: LinodeDiscoveryConfig
  let api: APIClient
  let metrics: DiscoveryMetrics
  var base = "https://api.linode.com/v4"

  private static let prefix = "__meta_linode_"

  func groups() async throws -> [TargetGroup] {
    do {
      let instances = try await all("linode/instances")
      let addresses = Dictionary(
        try await all("networking/ips").map { ($0["address"].text, $0) },
        uniquingKeysWith: { first, _ in first })
      let ranges = try await all("networking/ipv6/ranges")
      let targets = instances.compactMap { target($0, addresses, ranges) }
      return [TargetGroup(source: "Linode", targets: targets, labels: .empty)]
    } catch {
      if !Task.isCancelled { metrics.lookups.linodeFailures.increment() }
      throw error
    }
  }

  /// All pages of a list, of the region where one is configured.
  private func all(_ path: String) async throws -> [JSONTree] {
    var api = api
    if !config.region.isEmpty {
      api.headers.append(
        (name: "X-Filter", value: "{\"region\": \(JSONText.quoted(config.region))}"))
    }
    var found: [JSONTree] = []
    for page in 1...Limits.pagesMax {
      let answer = try await api.json(
        "\(base)/\(path)?page=\(page)&page_size=500", "listing \(path)"
      ).object("the answer")
      found += try answer["data"].list("data")
      if (answer["pages"].integer ?? 1) <= Int64(page) { return found }
    }
    throw TargetSourceError("more than \(Limits.pagesMax) pages of \(path)")
  }

  /// Nil for one without addresses.
  private func target(
    _ instance: JSONTree, _ addresses: [String: JSONTree], _ ranges: [JSONTree]
  ) -> Labels? {
    let own = instance["ipv4"].texts
    if own.isEmpty { return nil }
    var publicIP: JSONTree?
    var privateIP: JSONTree?
    var extra: [String] = []
    for address in own.compactMap({ addresses[$0] }) {
      if address["public"].isTrue && publicIP == nil {
        publicIP = address
      } else if !address["public"].isTrue && privateIP == nil {
        privateIP = address
      } else {
        extra.append(address["address"].text)
      }
    }
    let slaac = String(instance["ipv6"].text.prefix { $0 != "/" })
    let v6 = addresses[slaac]
    var labels = LabelsBuilder()
    labels.set(
      LabelNames.address,
      MetaLabels.address(publicIP?["address"].text ?? "", config.polling.port))
    for (name, value) in plain(instance) { labels.set(Self.prefix + name, value) }
    for (name, address) in [
      ("private_ipv4", privateIP), ("public_ipv4", publicIP), ("public_ipv6", v6),
    ] {
      labels.set(Self.prefix + name, address?["address"].text ?? "")
      let reverse = address?["rdns"].text ?? ""
      labels.set("\(Self.prefix)\(name)_rdns", reverse == "null" ? "" : reverse)
    }
    let routed = ranges.filter { $0["route_target"].text == slaac && !slaac.isEmpty }
      .map { "\($0["range"].text)/\($0["prefix"].integerText)" }
    let lists = [
      ("tags", instance["tags"].texts), ("extra_ips", extra), ("ipv6_ranges", routed),
    ]
    for (name, texts) in lists where !texts.isEmpty {
      labels.set(Self.prefix + name, MetaLabels.list(texts, separator: config.tagSeparator))
    }
    return labels.labels()
  }

  private func plain(_ instance: JSONTree) -> [(String, String)] {
    let specs = instance["specs"]
    func bytes(_ name: String) -> String {
      "\((specs[name].integer ?? 0).multipliedReportingOverflow(by: 1 << 20).partialValue)"
    }
    return [
      ("instance_id", instance["id"].integerText), ("instance_label", instance["label"].text),
      ("image", instance["image"].text), ("region", instance["region"].text),
      ("type", instance["type"].text), ("status", instance["status"].text),
      ("group", instance["group"].text), ("hypervisor", instance["hypervisor"].text),
      ("backups", instance["backups"]["enabled"].isTrue ? "enabled" : "disabled"),
      ("gpus", specs["gpus"].integerText), ("specs_disk_bytes", bytes("disk")),
      ("specs_memory_bytes", bytes("memory")), ("specs_vcpus", specs["vcpus"].integerText),
      ("specs_transfer_bytes", bytes("transfer")),
    ]
  }
}
