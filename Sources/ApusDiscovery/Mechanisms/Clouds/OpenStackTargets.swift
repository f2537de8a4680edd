internal import ApusConfig
internal import ApusModel

/// Instances, hypervisors or load balancers of OpenStack.
struct OpenStackTargets: TargetSource {
  let config: OpenStackDiscoveryConfig
  let api: APIClient

  private static let prefix = "__meta_openstack_"

  func groups() async throws -> [TargetGroup] {
    let session = try await OpenStackSession(config, api: api)
    let targets: [Labels] =
      switch config.role {
      case .instance: try await instances(session)
      case .hypervisor: try await hypervisors(session)
      case .loadbalancer: try await loadBalancers(session)
      }
    return [TargetGroup(source: "OS_\(config.region)", targets: targets, labels: .empty)]
  }

  private func hypervisors(_ session: OpenStackSession) async throws -> [Labels] {
    try await session.all("compute", "/os-hypervisors/detail", "hypervisors").map { item in
      let host = item["host_ip"].text
      var labels = LabelsBuilder()
      labels.set(LabelNames.address, MetaLabels.address(host, config.polling.port))
      let texts = [
        ("id", item["id"].optionalText ?? item["id"].integerText),
        ("hostname", item["hypervisor_hostname"].text), ("host_ip", host),
        ("status", item["status"].text), ("state", item["state"].text),
        ("type", item["hypervisor_type"].text),
      ]
      for (name, value) in texts { labels.set("\(Self.prefix)hypervisor_\(name)", value) }
      return labels.labels()
    }
  }

  /// A fixed address of a machine.
  private struct FixedAddress: Hashable {
    let project: String
    let device: String
    let address: String
  }

  private func instances(_ session: OpenStackSession) async throws -> [Labels] {
    let ports = Dictionary(
      try await session.all("network", "/v2.0/ports", "ports")
        .map { ($0["id"].text, $0["device_id"].text) }, uniquingKeysWith: { $1 })
    var floating: [FixedAddress: String] = [:]
    var isFloating: Set<String> = []
    for ip in try await session.all("network", "/v2.0/floatingips", "floatingips") {
      let fixed = ip["fixed_ip_address"].text
      guard !fixed.isEmpty, let device = ports[ip["port_id"].text] else { continue }
      let address = ip["floating_ip_address"].text
      let key = FixedAddress(project: Self.project(ip), device: device, address: fixed)
      floating[key] = address
      isFloating.insert(address)
    }
    let query = config.showsAllTenants ? [("all_tenants", "true")] : []
    let servers = try await session.all("compute", "/servers/detail", "servers", query: query)
    return servers.flatMap { server -> [Labels] in
      let common = labels(ofInstance: server)
      return server["addresses"].members.sorted { $0.key < $1.key }.flatMap { pool, list in
        list.items.map { $0["addr"].text }.filter { !$0.isEmpty && !isFloating.contains($0) }
          .map { address in
            var own = common
            own.set("\(Self.prefix)address_pool", pool)
            own.set("\(Self.prefix)private_ip", address)
            let key = FixedAddress(
              project: Self.project(server), device: server["id"].text, address: address)
            own.set("\(Self.prefix)public_ip", floating[key] ?? "")
            own.set(LabelNames.address, MetaLabels.address(address, config.polling.port))
            return own.labels()
          }
      }
    }
  }

  /// Older versions call it a tenant.
  private static func project(_ item: JSONTree) -> String {
    item["tenant_id"].text.isEmpty ? item["project_id"].text : item["tenant_id"].text
  }

  private func labels(ofInstance server: JSONTree) -> LabelsBuilder {
    let flavor = server["flavor"]
    var labels = LabelsBuilder()
    let texts = [
      ("instance_id", server["id"].text), ("instance_status", server["status"].text),
      ("instance_name", server["name"].text), ("project_id", Self.project(server)),
      ("user_id", server["user_id"].text), ("instance_image", server["image"]["id"].text),
      ("instance_flavor", flavor["original_name"].optionalText ?? flavor["id"].text),
    ]
    for (name, value) in texts { labels.set(Self.prefix + name, value) }
    labels.set(server["metadata"].textMembers, prefix: "\(Self.prefix)tag_")
    return labels
  }

  /// Those that have a listener for Prometheus.
  private func loadBalancers(_ session: OpenStackSession) async throws -> [Labels] {
    let balancers = try await session.all(
      "load-balancer", "/v2.0/lbaas/loadbalancers", "loadbalancers")
    var ports: [String: String] = [:]
    for listener in try await session.all(
      "load-balancer", "/v2.0/lbaas/listeners", "listeners")
    where listener["protocol"].text == "PROMETHEUS" {
      for balancer in listener["loadbalancers"].items where ports[balancer["id"].text] == nil {
        ports[balancer["id"].text] = listener["protocol_port"].integerText
      }
    }
    let floating = Dictionary(
      try await session.all("network", "/v2.0/floatingips", "floatingips")
        .map { ($0["port_id"].text, $0["floating_ip_address"].text) }, uniquingKeysWith: { $1 })
    return balancers.compactMap { balancer in
      guard let port = ports[balancer["id"].text] else { return nil }
      let vip = balancer["vip_address"].text
      var labels = LabelsBuilder()
      labels.set(LabelNames.address, MetaLabels.address(vip, port))
      labels.set("\(Self.prefix)project_id", balancer["project_id"].text)
      let texts = [
        ("id", balancer["id"].text), ("name", balancer["name"].text),
        ("operating_status", balancer["operating_status"].text),
        ("provisioning_status", balancer["provisioning_status"].text),
        ("availability_zone", balancer["availability_zone"].text), ("vip", vip),
        ("provider", balancer["provider"].text),
        ("tags", balancer["tags"].texts.joined(separator: ",")),
        ("floating_ip", floating[balancer["vip_port_id"].text] ?? ""),
      ]
      for (name, value) in texts { labels.set("\(Self.prefix)loadbalancer_\(name)", value) }
      return labels.labels()
    }
  }
}
