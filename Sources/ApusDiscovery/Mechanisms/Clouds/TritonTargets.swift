internal import ApusConfig
internal import ApusModel
internal import ApusSystem

/// Containers or compute nodes of a Triton data center.
struct TritonTargets: TargetSource {
  let config: TritonDiscoveryConfig
  let api: APIClient
  var scheme = "https"

  private static let prefix = "__meta_triton_"

  func groups() async throws -> [TargetGroup] {
    let path = config.role == .container ? "discover" : "gz/discover"
    let host = MetaLabels.address(config.endpoint, config.port)
    var url = "\(scheme)://\(host)/v\(config.version)/\(path)"
    if !config.groups.isEmpty {
      url += "?groups=\(URLText.queryEscaped(config.groups.joined(separator: ",")))"
    }
    let answer = try await api.json(
      url, "an error occurred when requesting targets from the discovery endpoint"
    ).object("the answer")
    let list = config.role == .container ? "containers" : "cns"
    return [
      TargetGroup(
        source: url, targets: try answer[list].list(list).map(target), labels: .empty)
    ]
  }

  private func target(_ machine: JSONTree) -> Labels {
    let isContainer = config.role == .container
    let id = machine[isContainer ? "vm_uuid" : "server_uuid"].text
    var labels = LabelsBuilder()
    labels.set(LabelNames.address, "\(id).\(config.dnsSuffix):\(config.port)")
    labels.set("\(Self.prefix)machine_id", id)
    labels.set(
      "\(Self.prefix)machine_alias",
      machine[isContainer ? "vm_alias" : "server_hostname"].text)
    guard isContainer else { return labels.labels() }
    labels.set("\(Self.prefix)machine_brand", machine["vm_brand"].text)
    labels.set("\(Self.prefix)machine_image", machine["vm_image_uuid"].text)
    labels.set("\(Self.prefix)server_id", machine["server_uuid"].text)
    if !machine["groups"].texts.isEmpty {
      labels.set("\(Self.prefix)groups", MetaLabels.list(machine["groups"].texts))
    }
    return labels.labels()
  }
}
