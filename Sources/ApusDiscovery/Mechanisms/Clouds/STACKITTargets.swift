internal import ApusConfig
internal import ApusModel
internal import ApusSystem

/// Servers of a STACKIT project.
struct STACKITTargets: TargetSource {
  let config: STACKITDiscoveryConfig
  let api: APIClient

  private static let prefix = "__meta_stackit_"

  func groups() async throws -> [TargetGroup] {
    let given =
      config.endpoint.isEmpty
      ? "https://iaas.api.\(config.region).stackit.cloud" : config.endpoint
    let base = given.hasSuffix("/") ? String(given.dropLast()) : given
    let project = URLText.escaped(config.project, blank: "%20")
    let answer = try await api.json(
      "\(base)/v1/projects/\(project)/servers?details=true", "listing servers")
    let servers = try answer.object("the answer")["items"].list("items")
    return [
      TargetGroup(source: "stackit", targets: servers.compactMap(target), labels: .empty)
    ]
  }

  /// Nil for a server without addresses.
  private func target(_ server: JSONTree) -> Labels? {
    let cards = server["nics"].items
    let publicIP = cards.map { $0["publicIp"].text }.first { !$0.isEmpty } ?? ""
    let ownIP = cards.map { $0["ipv4"].text }.first { !$0.isEmpty } ?? ""
    if publicIP.isEmpty && ownIP.isEmpty { return nil }
    var labels = LabelsBuilder()
    labels.set(
      LabelNames.address,
      MetaLabels.address(publicIP.isEmpty ? ownIP : publicIP, config.polling.port))
    let texts = [
      ("project", config.project), ("id", server["id"].text), ("name", server["name"].text),
      ("availability_zone", server["availabilityZone"].text),
      ("status", server["status"].text), ("power_status", server["powerStatus"].text),
      ("type", server["machineType"].text), ("public_ipv4", publicIP),
    ]
    for (name, value) in texts { labels.set(Self.prefix + name, value) }
    for card in cards {
      labels.set(
        "\(Self.prefix)private_ipv4_\(MetaLabels.name(card["networkName"].text))",
        card["ipv4"].text)
    }
    labels.setPresent(server["labels"].textMembers, prefix: Self.prefix, kind: "label")
    return labels.labels()
  }
}
