internal import ApusModel

/// What discovery uses of a node.
struct KubernetesNode: Sendable, Equatable {
  let meta: KubernetesMeta
  let providerID: String
  let kubeletPort: Int64
  /// The first address of each type.
  let addresses: [String: String]
  /// By type in lower case.
  let conditions: [String: String]

  init(_ object: JSONTree) {
    meta = KubernetesMeta(object)
    providerID = object["spec"]["providerID"].text
    let status = object["status"]
    kubeletPort = status["daemonEndpoints"]["kubeletEndpoint"]["Port"].integer ?? 0
    addresses = Dictionary(
      status["addresses"].items.map { ($0["type"].text, $0["address"].text) },
      uniquingKeysWith: { first, _ in first })
    conditions = Dictionary(
      status["conditions"].items.map {
        ($0["type"].text.lowercased(), $0["status"].text.lowercased())
      }, uniquingKeysWith: { $1 })
  }

  /// In order of preference.
  private static let addressTypes = [
    "InternalIP", "InternalDNS", "ExternalIP", "ExternalDNS", "LegacyHostIP", "Hostname",
  ]

  /// The kubelet; nil where the node has no address.
  var group: TargetGroup? {
    guard let host = Self.addressTypes.compactMap({ addresses[$0] }).first else { return nil }
    var shared = LabelsBuilder()
    shared.set("__meta_kubernetes_node_provider_id", providerID)
    shared.set(conditions, prefix: "__meta_kubernetes_node_condition_")
    meta.add(to: &shared, role: "node")
    var own = LabelsBuilder()
    own.set(LabelNames.address, MetaLabels.address(host, kubeletPort))
    own.set(LabelNames.instance, meta.name)
    own.set(addresses, prefix: "__meta_kubernetes_node_address_")
    return TargetGroup(
      source: "node/\(meta.name)", targets: [own.labels()], labels: shared.labels())
  }
}
