internal import ApusModel

/// The instances of a service, as the health endpoint lists them, made targets.
struct ConsulInstances: Sendable {
  let service: String
  let datacenter: String
  let tagSeparator: String

  func group(_ answer: JSONTree) throws -> TargetGroup {
    TargetGroup(
      source: service, targets: try answer.list("the list of instances").map(target),
      labels: [
        "__meta_consul_service": service, "__meta_consul_dc": datacenter,
      ])
  }

  private func target(_ entry: JSONTree) throws -> Labels {
    let node = entry["Node"]
    let service = try entry["Service"].object("a service")
    let port = service["Port"].integerText
    // A service may be registered by a node that it does not run on.
    let host = service["Address"].text.isEmpty ? node["Address"].text : service["Address"].text
    var labels = LabelsBuilder()
    labels.set(LabelNames.address, MetaLabels.address(host, port))
    labels.set("__meta_consul_address", node["Address"].text)
    labels.set("__meta_consul_node", node["Node"].text)
    labels.set("__meta_consul_namespace", service["Namespace"].text)
    labels.set("__meta_consul_partition", service["Partition"].text)
    labels.set(
      "__meta_consul_tags", MetaLabels.list(service["Tags"].texts, separator: tagSeparator))
    labels.set("__meta_consul_service_address", service["Address"].text)
    labels.set("__meta_consul_service_port", port)
    labels.set("__meta_consul_service_id", service["ID"].text)
    labels.set("__meta_consul_health", Self.health(entry["Checks"].items))
    labels.set(node["Meta"].textMembers, prefix: "__meta_consul_metadata_")
    labels.set(service["Meta"].textMembers, prefix: "__meta_consul_service_metadata_")
    labels.set(node["TaggedAddresses"].textMembers, prefix: "__meta_consul_tagged_address_")
    return labels.labels()
  }

  /// The worst of all checks; maintenance is worse than all. Empty where one has a status that is
  /// unknown.
  static func health(_ checks: [JSONTree]) -> String {
    var worst = 0
    for check in checks {
      let id = check["CheckID"].text
      if id == "_node_maintenance" || id.hasPrefix("_service_maintenance:") {
        worst = 3
        continue
      }
      switch check["Status"].text {
      case "passing": break
      case "warning": worst = max(worst, 1)
      case "critical": worst = max(worst, 2)
      default: return ""
      }
    }
    return ["passing", "warning", "critical", "maintenance"][worst]
  }
}
