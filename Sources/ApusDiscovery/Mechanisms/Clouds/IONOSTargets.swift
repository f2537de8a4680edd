internal import ApusConfig
internal import ApusModel
internal import ApusSystem

/// Servers of an IONOS data center.
struct IONOSTargets: TargetSource {
  let config: IONOSDiscoveryConfig
  let api: APIClient
  var base = "https://api.ionos.com"

  func groups() async throws -> [TargetGroup] {
    let id = URLText.escaped(config.datacenterID, blank: "%20")
    let answer = try await api.json(
      "\(base)/cloudapi/v6/datacenters/\(id)/servers?depth=3", "listing servers"
    ).object("the answer")
    let list = answer["id"].text
    let targets = try answer["items"].list("items").compactMap { target($0, list) }
    return [TargetGroup(source: "ionos", targets: targets, labels: .empty)]
  }

  /// Nil for a server without addresses.
  private func target(_ server: JSONTree, _ list: String) -> Labels? {
    var all: [String] = []
    var byCard: [String: [String]] = [:]
    for card in server["entities"]["nics"]["items"].items {
      let addresses = card["properties"]["ips"].texts
      let name = card["properties"]["name"].optionalText ?? "unnamed"
      all = addresses + all
      byCard[name] = addresses + (byCard[name] ?? [])
    }
    guard let first = all.first else { return nil }
    let prefix = "__meta_ionos_server_"
    let properties = server["properties"]
    var labels = LabelsBuilder()
    labels.set(LabelNames.address, MetaLabels.address(first, config.polling.port))
    let texts = [
      ("availability_zone", properties["availabilityZone"].text),
      ("cpu_family", properties["cpuFamily"].text), ("servers_id", list),
      ("id", server["id"].text), ("ip", MetaLabels.list(all)),
      ("lifecycle", server["metadata"]["state"].text), ("name", properties["name"].text),
      ("state", properties["vmState"].text), ("type", properties["type"].text),
      ("boot_cdrom_id", properties["bootCdrom"]["id"].text),
      ("boot_volume_id", properties["bootVolume"]["id"].text),
      (
        "boot_image_id",
        server["entities"]["volumes"]["items"].items.first?["properties"]["image"].text ?? ""
      ),
    ]
    for (name, value) in texts { labels.set(prefix + name, value) }
    for (name, addresses) in byCard.sorted(by: { $0.key < $1.key }) {
      labels.set("\(prefix)nic_ip_\(MetaLabels.name(name))", MetaLabels.list(addresses))
    }
    return labels.labels()
  }
}
