internal import ApusConfig
internal import ApusModel
internal import ApusSystem

/// Tasks of a Marathon cluster, one group for each application.
struct MarathonTargets: TargetSource {
  let config: MarathonDiscoveryConfig
  let api: APIClient
  let files: any FileSystem
  let random: any RandomSource

  func groups() async throws -> [TargetGroup] {
    guard !config.servers.isEmpty else { return [] }
    let server = config.servers[Int(random.next() % UInt64(config.servers.count))]
    var api = api
    if let token = try token() {
      api.headers.append((name: "Authorization", value: "token=\(token)"))
    }
    let answer = try await api.json(
      "\(server)/v2/apps/?embed=apps.tasks", "marathon service discovery")
    return try answer.object("the answer")["apps"].list("apps").map(group)
  }

  private func token() throws -> String? {
    if !config.authToken.isEmpty { return config.authToken.text }
    if config.authTokenFile.isEmpty { return nil }
    return try SecretFile.read(config.authTokenFile, "auth token", files)
  }

  private func group(_ app: JSONTree) -> TargetGroup {
    var shared = LabelsBuilder()
    shared.set("__meta_marathon_app", app["id"].text)
    shared.set("__meta_marathon_image", app["container"]["docker"]["image"].text)
    shared.set(app["labels"].textMembers, prefix: "__meta_marathon_app_label_")
    return TargetGroup(
      source: app["id"].text, targets: targets(app), labels: shared.labels())
  }

  /// A port of an application; 0 for one that each task has its own of.
  private struct Port {
    let number: Int64
    var labels: [String: String] = [:]
  }

  private func targets(_ app: JSONTree) -> [Labels] {
    let sharesHost = app["networks"].items.first?["mode"].text != "container"
    let declared = declaredPorts(app, sharesHost: sharesHost)
    return app["tasks"].items.flatMap { task -> [Labels] in
      let own = task["ports"].items.compactMap(\.integer)
      let ports = declared.ports.isEmpty ? own.map { Port(number: $0) } : declared.ports
      let address =
        sharesHost ? nil : task["ipAddresses"].items.first?["ipAddress"].optionalText
      return ports.enumerated().map { index, port in
        let number = port.number == 0 && own.count == ports.count ? own[index] : port.number
        var labels = LabelsBuilder()
        labels.set(LabelNames.address, MetaLabels.address(address ?? task["host"].text, number))
        labels.set("__meta_marathon_task", task["id"].text)
        labels.set("__meta_marathon_port_index", "\(index)")
        labels.set(port.labels, prefix: declared.prefix)
        return labels.labels()
      }
    }
  }

  /// Ports that the application itself names, by the newest of the ways that Marathon had.
  private func declaredPorts(
    _ app: JSONTree, sharesHost: Bool
  ) -> (ports: [Port], prefix: String) {
    let container = app["container"]
    for mappings in [container["portMappings"].items, container["docker"]["portMappings"].items]
    where !mappings.isEmpty {
      let ports = mappings.map {
        Port(
          number: $0[sharesHost ? "hostPort" : "containerPort"].integer ?? 0,
          labels: $0["labels"].textMembers)
      }
      return (ports, "__meta_marathon_port_mapping_label_")
    }
    let ports = app["portDefinitions"].items.map {
      Port(
        number: app["requirePorts"].isTrue ? $0["port"].integer ?? 0 : 0,
        labels: $0["labels"].textMembers)
    }
    return (ports, "__meta_marathon_port_definition_label_")
  }
}

enum SecretFile {
  /// What a file holds, without blanks around it. It is read anew each time.
  static func read(_ path: String, _ what: String, _ files: any FileSystem) throws -> String {
    do {
      let text = try files.readText(path)
      let isBlank = { (character: Character) in character.isWhitespace }
      return String(text.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
    } catch {
      throw TargetSourceError("unable to read \(what) file \(path): \(error)")
    }
  }
}
