internal import ApusConfig
internal import ApusModel
internal import ApusSystem

/// Servers of Hetzner: of its cloud, or dedicated ones.
struct HetznerTargets: TargetSource {
  let config: HetznerDiscoveryConfig
  let api: APIClient
  var cloud = "https://api.hetzner.cloud/v1"
  var robot = "https://robot-ws.your-server.de"

  private static let prefix = "__meta_hetzner_"

  func groups() async throws -> [TargetGroup] {
    let targets = config.role == .hcloud ? try await cloudServers() : try await robotServers()
    return [TargetGroup(source: "hetzner", targets: targets, labels: .empty)]
  }

  /// All pages of a list.
  private func all(_ what: String, _ selector: String = "") async throws -> [JSONTree] {
    var found: [JSONTree] = []
    var page: Int64? = 1
    var count = 0
    while let number = page {
      count += 1
      if count > Limits.pagesMax { throw TargetSourceError("too many pages of \(what)") }
      var url = "\(cloud)/\(what)?page=\(number)&per_page=50"
      if !selector.isEmpty { url += "&label_selector=\(URLText.queryEscaped(selector))" }
      let answer = try await api.json(url, "listing \(what)").object("the answer")
      found += try answer[what].list(what)
      page = answer["meta"]["pagination"]["next_page"].integer
    }
    return found
  }

  private func cloudServers() async throws -> [Labels] {
    let servers = try await all("servers", config.labelSelector)
    let networks = Dictionary(
      try await all("networks").map { ($0["id"].integer ?? 0, $0["name"].text) },
      uniquingKeysWith: { $1 })
    return servers.map { cloudServer($0, networks) }
  }

  private func cloudServer(_ server: JSONTree, _ networks: [Int64: String]) -> Labels {
    let publicIP = server["public_net"]["ipv4"]["ip"].text
    let datacenter = server["datacenter"]
    // Where the API still tells of the datacenter only, the location stands in it.
    let location = server["location"].isNull ? datacenter["location"] : server["location"]
    let type = server["server_type"]
    let image = server["image"]
    var labels = LabelsBuilder()
    labels.set(LabelNames.address, MetaLabels.address(publicIP, config.polling.port))
    let texts = [
      ("role", "hcloud"), ("server_id", server["id"].integerText),
      ("server_name", server["name"].text), ("server_status", server["status"].text),
      ("public_ipv4", publicIP), ("public_ipv6_network", server["public_net"]["ipv6"]["ip"].text),
      ("datacenter", datacenter["name"].text), ("hcloud_location", location["name"].text),
      ("hcloud_location_network_zone", location["network_zone"].text),
      ("hcloud_datacenter_location", location["name"].text),
      ("hcloud_datacenter_location_network_zone", location["network_zone"].text),
      ("hcloud_server_type", type["name"].text), ("hcloud_cpu_cores", type["cores"].integerText),
      ("hcloud_cpu_type", type["cpu_type"].text),
      ("hcloud_memory_size_gb", "\(Self.whole(type["memory"].double))"),
      ("hcloud_disk_size_gb", type["disk"].integerText), ("hcloud_image_name", image["name"].text),
      ("hcloud_image_description", image["description"].text),
      ("hcloud_image_os_version", image["os_version"].text),
      ("hcloud_image_os_flavor", image["os_flavor"].text),
    ]
    for (name, value) in texts { labels.set(Self.prefix + name, value) }
    for network in server["private_net"].items {
      guard let name = networks[network["network"].integer ?? 0] else { continue }
      labels.set(
        "\(Self.prefix)hcloud_private_ipv4_\(MetaLabels.name(name))", network["ip"].text)
    }
    labels.setPresent(
      server["labels"].textMembers, prefix: "\(Self.prefix)hcloud_", kind: "label")
    return labels.labels()
  }

  private static func whole(_ number: Double?) -> Int64 {
    number.flatMap { Int64(exactly: $0.rounded(.towardZero)) } ?? 0
  }

  private func robotServers() async throws -> [Labels] {
    try await api.json("\(robot)/server", "listing servers").list("the list of servers")
      .map { robotServer($0["server"]) }
  }

  private func robotServer(_ server: JSONTree) -> Labels {
    let publicIP = server["server_ip"].text
    let datacenter = server["dc"].text.lowercased()
    var labels = LabelsBuilder()
    labels.set(LabelNames.address, MetaLabels.address(publicIP, config.polling.port))
    let texts = [
      ("role", "robot"), ("server_id", server["server_number"].integerText),
      ("server_name", server["server_name"].text), ("server_status", server["status"].text),
      ("public_ipv4", publicIP), ("datacenter", datacenter), ("robot_datacenter", datacenter),
      ("robot_product", server["product"].text),
      ("robot_cancelled", "\(server["cancelled"].isTrue)"),
    ]
    for (name, value) in texts { labels.set(Self.prefix + name, value) }
    if let subnet = server["subnet"].items.first(where: { IPAddressText.isV6($0["ip"].text) }) {
      labels.set(
        "\(Self.prefix)public_ipv6_network", "\(subnet["ip"].text)/\(subnet["mask"].text)")
    }
    return labels.labels()
  }
}
