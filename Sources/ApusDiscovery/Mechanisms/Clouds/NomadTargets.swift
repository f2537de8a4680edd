internal import ApusConfig
internal import ApusModel
internal import ApusSystem
internal import ApusTelemetry

/// Instances of all services that are registered with Nomad.
struct NomadTargets: TargetSource {
  let config: NomadDiscoveryConfig
  let api: APIClient
  let metrics: DiscoveryMetrics

  func groups() async throws -> [TargetGroup] {
    do {
      return [TargetGroup(source: "Nomad", targets: try await targets(), labels: .empty)]
    } catch {
      if !Task.isCancelled { metrics.lookups.nomadFailures.increment() }
      throw error
    }
  }

  private func targets() async throws -> [Labels] {
    var targets: [Labels] = []
    let stubs = try await api.json(url("/v1/services"), "listing services").list("services")
    for service in stubs.flatMap({ $0["Services"].items }) {
      let name = URLText.escaped(service["ServiceName"].text, blank: "%20")
      let instances = try await api.json(
        url("/v1/service/\(name)"), "failed to fetch services")
      targets += try instances.list("instances").map(target)
    }
    return targets
  }

  private func url(_ path: String) -> String {
    let server = config.server.hasSuffix("/") ? String(config.server.dropLast()) : config.server
    var query = [("namespace", config.namespace), ("region", config.region)]
      .filter { !$0.1.isEmpty }
      .map { "\($0)=\(URLText.queryEscaped($1))" }
    if config.allowsStale { query.append("stale=") }
    return server + path + (query.isEmpty ? "" : "?\(query.joined(separator: "&"))")
  }

  private func target(_ instance: JSONTree) -> Labels {
    let address = instance["Address"].text
    let port = instance["Port"].integerText
    var labels = LabelsBuilder()
    labels.set(LabelNames.address, MetaLabels.address(address, port))
    labels.set("__meta_nomad_address", address)
    labels.set("__meta_nomad_dc", instance["Datacenter"].text)
    labels.set("__meta_nomad_node_id", instance["NodeID"].text)
    labels.set("__meta_nomad_namespace", instance["Namespace"].text)
    labels.set("__meta_nomad_service", instance["ServiceName"].text)
    labels.set("__meta_nomad_service_address", address)
    labels.set("__meta_nomad_service_id", instance["ID"].text)
    labels.set("__meta_nomad_service_port", port)
    let tags = instance["Tags"].texts
    if !tags.isEmpty {
      labels.set("__meta_nomad_tags", MetaLabels.list(tags, separator: config.tagSeparator))
    }
    return labels.labels()
  }
}
