internal import ApusConfig
internal import ApusModel

/// Containers of a Docker engine: a target for each network and TCP port.
struct DockerTargets: TargetSource {
  let config: DockerDiscoveryConfig
  let engine: DockerEngine

  func groups() async throws -> [TargetGroup] {
    let containers = try await DockerEngine.explained("error while listing containers") {
      try await engine.list("/containers/json", isFiltered: true)
    }
    let networks = try await DockerEngine.explained("error while computing network labels") {
      try await engine.networkLabels("__meta_docker_")
    }
    let byID = Dictionary(
      containers.map { ($0["Id"].text, $0) }, uniquingKeysWith: { first, _ in first })
    let targets = containers.flatMap { container -> [Labels] in
      guard let name = container["Names"].texts.first else { return [] }
      return self.targets(container, name: name, byID, networks)
    }
    return [TargetGroup(source: "Docker", targets: targets, labels: .empty)]
  }

  private func targets(
    _ container: JSONTree, name: String, _ byID: [String: JSONTree],
    _ networkLabels: [String: [String: String]]
  ) -> [Labels] {
    let mode = container["HostConfig"]["NetworkMode"].text
    var common = LabelsBuilder()
    common.set("__meta_docker_container_id", container["Id"].text)
    common.set("__meta_docker_container_name", name)
    common.set("__meta_docker_container_image", container["Image"].text)
    common.set("__meta_docker_container_image_id", container["ImageID"].text)
    common.set("__meta_docker_container_network_mode", mode)
    common.set(container["Labels"].textMembers, prefix: "__meta_docker_container_label_")
    let ports = container["Ports"].items.filter { $0["Type"].text == "tcp" }
    return networks(of: container, byID).flatMap { network -> [Labels] in
      let ip =
        network["IPAddress"].text.isEmpty
        ? network["GlobalIPv6Address"].text : network["IPAddress"].text
      let ofNetwork = networkLabels[network["NetworkID"].text] ?? [:]
      // Containers in the host's network have no ports.
      let shown: [JSONTree?] = ports.isEmpty ? [nil] : ports
      return shown.map { port in
        var labels = common
        for (name, value) in ofNetwork { labels.set(name, value) }
        labels.set("__meta_docker_network_ip", ip)
        if let port {
          add(port, ip, to: &labels)
        } else {
          labels.set(
            LabelNames.address,
            mode == "host"
              ? config.hostNetworkingHost : MetaLabels.address(ip, config.polling.port))
        }
        return labels.labels()
      }
    }
  }

  private func add(_ port: JSONTree, _ ip: String, to labels: inout LabelsBuilder) {
    let number = port["PrivatePort"].integerText
    labels.set("__meta_docker_port_private", number)
    if let published = port["PublicPort"].integer, published > 0 {
      labels.set("__meta_docker_port_public", "\(published)")
      labels.set("__meta_docker_port_public_ip", port["IP"].text)
    }
    labels.set(LabelNames.address, MetaLabels.address(ip, number))
  }

  /// The networks of a container, or of that whose network it shares, in order of name; only the
  /// first where the configuration wants it.
  private func networks(of container: JSONTree, _ byID: [String: JSONTree]) -> [JSONTree] {
    var found = container["NetworkSettings"]["Networks"].members
    var mode = container["HostConfig"]["NetworkMode"].text
    var seen: Set<String> = [container["Id"].text]
    while found.isEmpty, mode.hasPrefix("container:") {
      let id = String(mode.dropFirst("container:".count))
      // Two containers that name each other share nothing.
      guard seen.insert(id).inserted, let other = byID[id] else { break }
      found = other["NetworkSettings"]["Networks"].members
      mode = other["HostConfig"]["NetworkMode"].text
    }
    let sorted = found.filter { !$0.value.isNull }.sorted { $0.key < $1.key }.map(\.value)
    return config.matchesFirstNetwork ? Array(sorted.prefix(1)) : sorted
  }
}
