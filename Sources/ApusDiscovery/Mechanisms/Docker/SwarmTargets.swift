internal import ApusConfig
internal import ApusModel

/// Services, tasks or nodes of a Docker swarm.
struct SwarmTargets: TargetSource {
  let config: DockerSwarmDiscoveryConfig
  let engine: DockerEngine

  static let prefix = "__meta_dockerswarm_"

  func groups() async throws -> [TargetGroup] {
    let targets: [Labels] =
      switch config.role {
      case .services: try await services()
      case .tasks: try await tasks()
      case .nodes: try await nodes()
      }
    return [TargetGroup(source: "DockerSwarm", targets: targets, labels: .empty)]
  }

  private func networkLabels() async throws -> [String: [String: String]] {
    try await DockerEngine.explained("error while computing swarm network labels") {
      try await engine.networkLabels(Self.prefix)
    }
  }

  /// The address of `10.0.0.7/24`.
  private func host(_ address: String) throws -> String {
    guard let slash = address.firstIndex(of: "/"), slash != address.startIndex else {
      throw TargetSourceError(
        "error while parsing address \(address): invalid CIDR address: \(address)")
    }
    return String(address[..<slash])
  }
}

extension SwarmTargets {
  private func services() async throws -> [Labels] {
    let services = try await DockerEngine.explained("error while listing swarm services") {
      try await engine.list("/services", isFiltered: true)
    }
    let networks = try await networkLabels()
    return try services.flatMap { service in
      let ports = service["Endpoint"]["Ports"].items.filter { $0["Protocol"].text == "tcp" }
      let common = labels(ofService: service)
      return try service["Endpoint"]["VirtualIPs"].items.flatMap { virtual in
        let host = try self.host(virtual["Addr"].text)
        var base = common
        for (name, value) in networks[virtual["NetworkID"].text] ?? [:] { base.set(name, value) }
        let shown: [JSONTree?] = ports.isEmpty ? [nil] : ports
        return shown.map { port in
          var own = base
          if let port {
            own.set("\(Self.prefix)service_endpoint_port_name", port["Name"].text)
            own.set(
              "\(Self.prefix)service_endpoint_port_publish_mode", port["PublishMode"].text)
          }
          let number = port.map { $0["PublishedPort"].integer ?? 0 }
          own.set(
            LabelNames.address, MetaLabels.address(host, number ?? Int64(config.polling.port)))
          return own.labels()
        }
      }
    }
  }

  private func labels(ofService service: JSONTree) -> LabelsBuilder {
    let container = service["Spec"]["TaskTemplate"]["ContainerSpec"]
    var labels = LabelsBuilder()
    for (name, value) in namedLabels(ofService: service) { labels.set(name, value) }
    labels.set(
      "\(Self.prefix)service_task_container_hostname", container["Hostname"].text)
    labels.set("\(Self.prefix)service_task_container_image", container["Image"].text)
    labels.set("\(Self.prefix)service_updating_status", service["UpdateStatus"]["State"].text)
    return labels
  }

  /// What tasks show of their services, too.
  private func namedLabels(ofService service: JSONTree) -> [String: String] {
    let spec = service["Spec"]
    let mode =
      !spec["Mode"]["Global"].isNull
      ? "global" : (!spec["Mode"]["Replicated"].isNull ? "replicated" : "")
    var labels = [
      "\(Self.prefix)service_id": service["ID"].text,
      "\(Self.prefix)service_name": spec["Name"].text,
      "\(Self.prefix)service_mode": mode,
    ]
    for (name, value) in spec["Labels"].textMembers.sorted(by: { $0.key < $1.key }) {
      labels["\(Self.prefix)service_label_\(MetaLabels.name(name))"] = value
    }
    return labels
  }
}

extension SwarmTargets {
  private func nodes() async throws -> [Labels] {
    try await listNodes(isFiltered: true).map { node in
      var labels = LabelsBuilder()
      for (name, value) in namedLabels(ofNode: node) { labels.set(name, value) }
      labels.set(
        "\(Self.prefix)node_engine_version", node["Description"]["Engine"]["EngineVersion"].text)
      let manager = node["ManagerStatus"]
      if !manager.isNull {
        labels.set("\(Self.prefix)node_manager_leader", "\(manager["Leader"].isTrue)")
        labels.set("\(Self.prefix)node_manager_reachability", manager["Reachability"].text)
        labels.set("\(Self.prefix)node_manager_address", manager["Addr"].text)
      }
      labels.set(
        LabelNames.address, MetaLabels.address(node["Status"]["Addr"].text, config.polling.port))
      return labels.labels()
    }
  }

  private func listNodes(isFiltered: Bool) async throws -> [JSONTree] {
    try await DockerEngine.explained("error while listing swarm nodes") {
      try await engine.list("/nodes", isFiltered: isFiltered)
    }
  }

  /// What tasks show of their nodes, too.
  private func namedLabels(ofNode node: JSONTree) -> [String: String] {
    let platform = node["Description"]["Platform"]
    var labels = [
      "\(Self.prefix)node_id": node["ID"].text,
      "\(Self.prefix)node_role": node["Spec"]["Role"].text,
      "\(Self.prefix)node_address": node["Status"]["Addr"].text,
      "\(Self.prefix)node_availability": node["Spec"]["Availability"].text,
      "\(Self.prefix)node_hostname": node["Description"]["Hostname"].text,
      "\(Self.prefix)node_platform_architecture": platform["Architecture"].text,
      "\(Self.prefix)node_platform_os": platform["OS"].text,
      "\(Self.prefix)node_status": node["Status"]["State"].text,
    ]
    for (name, value) in node["Spec"]["Labels"].textMembers.sorted(by: { $0.key < $1.key }) {
      labels["\(Self.prefix)node_label_\(MetaLabels.name(name))"] = value
    }
    return labels
  }
}

extension SwarmTargets {
  /// What tasks are shown with besides what is their own.
  private struct Surroundings {
    let services: [String: JSONTree]
    let nodes: [String: JSONTree]
    let networks: [String: [String: String]]
  }

  private func tasks() async throws -> [Labels] {
    let tasks = try await DockerEngine.explained("error while listing swarm services") {
      try await engine.list("/tasks", isFiltered: true)
    }
    let services = try await DockerEngine.explained(
      "error while computing services labels and ports"
    ) {
      try await engine.list("/services")
    }
    let nodes = try await listNodes(isFiltered: false)
    func byID(_ items: [JSONTree]) -> [String: JSONTree] {
      Dictionary(items.map { ($0["ID"].text, $0) }, uniquingKeysWith: { $1 })
    }
    let around = Surroundings(
      services: byID(services), nodes: byID(nodes), networks: try await networkLabels())
    return try tasks.flatMap { try targets($0, around) }
  }

  private func targets(_ task: JSONTree, _ around: Surroundings) throws -> [Labels] {
    let service = around.services[task["ServiceID"].text]
    let node = around.nodes[task["NodeID"].text]
    let status = task["Status"]
    var common = LabelsBuilder()
    common.set(
      task["Spec"]["ContainerSpec"]["Labels"].textMembers,
      prefix: "\(Self.prefix)container_label_")
    common.set("\(Self.prefix)task_id", task["ID"].text)
    common.set("\(Self.prefix)task_desired_state", task["DesiredState"].text)
    common.set("\(Self.prefix)task_state", status["State"].text)
    common.set("\(Self.prefix)task_slot", task["Slot"].integerText)
    common.set("\(Self.prefix)task_container_id", status["ContainerStatus"]["ContainerID"].text)
    let ofService: [String: String] = service.map { namedLabels(ofService: $0) } ?? [:]
    let ofNode: [String: String] = node.map { namedLabels(ofNode: $0) } ?? [:]
    for (name, value) in ofService { common.set(name, value) }
    for (name, value) in ofNode { common.set(name, value) }
    var targets = status["PortStatus"]["Ports"].items.filter { $0["Protocol"].text == "tcp" }
      .map { port in
        let host = node?["Status"]["Addr"].text ?? ""
        return target(common, host, port["PublishedPort"].integer ?? 0, port)
      }
    let ports = (service?["Endpoint"]["Ports"].items ?? []).filter {
      $0["Protocol"].text == "tcp"
    }
    for attachment in task["NetworksAttachments"].items {
      var base = common
      let network = around.networks[attachment["Network"]["ID"].text] ?? [:]
      for (name, value) in network { base.set(name, value) }
      for address in attachment["Addresses"].texts {
        let host = try self.host(address)
        targets += ports.map { target(base, host, $0["PublishedPort"].integer ?? 0, $0) }
        if ports.isEmpty {
          targets.append(target(base, host, Int64(config.polling.port), nil))
        }
      }
    }
    return targets
  }

  private func target(
    _ base: LabelsBuilder, _ host: String, _ number: Int64, _ port: JSONTree?
  ) -> Labels {
    var labels = base
    if let port {
      labels.set("\(Self.prefix)task_port_publish_mode", port["PublishMode"].text)
    }
    labels.set(LabelNames.address, MetaLabels.address(host, number))
    return labels.labels()
  }
}
