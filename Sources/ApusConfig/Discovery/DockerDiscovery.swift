internal import ApusModel

/// `name` with any of the values, as the engine's API filters.
package struct DockerFilter: Sendable, Equatable {
  package var name: String
  package var values: [String]

  package init(name: String, values: [String]) {
    self.name = name
    self.values = values
  }
}

/// Containers of one Docker engine.
package struct DockerDiscoveryConfig: Sendable, Equatable {
  /// `unix:///var/run/docker.sock`, `tcp://host:2375`, `http://...` or `https://...`
  package var host: String
  package var filters: [DockerFilter] = []
  /// The address of containers that share the host's network.
  package var hostNetworkingHost = "localhost"
  /// Whether a container of several networks is one target only.
  package var matchesFirstNetwork = true
  package var polling = PollingConfig()

  package init(host: String) { self.host = host }
}

/// Services, tasks or nodes of a Docker swarm.
package struct DockerSwarmDiscoveryConfig: Sendable, Equatable {
  package enum Role: String, Sendable { case services, tasks, nodes }

  package var host: String
  package var role: Role
  package var filters: [DockerFilter] = []
  package var polling = PollingConfig()

  package init(host: String, role: Role) {
    self.host = host
    self.role = role
  }
}

extension DiscoveryMechanism {
  private static let filters = Field(
    "filters",
    .objects(
      Schema(
        "moby.Filter",
        [
          Field("name", .string, shown: .always),
          Field("values", .strings, shown: .always),
        ]), goType: "[]moby.Filter"), shown: .always)

  static let docker = DiscoveryMechanism(
    "docker",
    Schema(
      "moby.plain",
      HTTPClientSchema.fields() + [
        Field("host", .string, shown: .always),
        Field("port", .int, preset: .int(80), shown: .always),
        filters,
        Field("host_networking_host", .string, preset: .string("localhost"), shown: .always),
        Field("refresh_interval", .duration, preset: .duration(60_000)),
        Field("match_first_network", .bool, preset: .bool(true), shown: .always),
      ]),
    "[]*moby.DockerSDConfig"
  ) { reader, record in
    var config = DockerDiscoveryConfig(host: reader.dockerHost(record))
    config.filters = reader.dockerFilters(record)
    config.hostNetworkingHost = record.string("host_networking_host")
    config.matchesFirstNetwork = record.bool("match_first_network")
    config.polling = reader.polling(record)
    return .docker(config)
  }

  static let dockerSwarm = DiscoveryMechanism(
    "dockerswarm",
    Schema(
      "moby.plain",
      HTTPClientSchema.fields() + [
        Field("host", .string, shown: .always),
        Field("role", .string, shown: .always),
        Field("port", .int, preset: .int(80), shown: .always),
        filters,
        Field("refresh_interval", .duration, preset: .duration(60_000)),
      ]),
    "[]*moby.DockerSwarmSDConfig"
  ) { reader, record in
    let host = reader.dockerHost(record)
    let role: DockerSwarmDiscoveryConfig.Role? = reader.role(
      record, "role", missing: "role missing (one of: tasks, services, nodes)",
      unknown: { "invalid role \($0), expected tasks, services, or nodes" })
    let polling = reader.polling(record)
    guard let role else { return nil }
    var config = DockerSwarmDiscoveryConfig(host: host, role: role)
    config.filters = reader.dockerFilters(record)
    config.polling = polling
    return .dockerSwarm(config)
  }
}

extension SectionReader {
  fileprivate func dockerHost(_ record: Record) -> String {
    let host = record.string("host")
    let line = record.line(of: "host")
    if host.isEmpty {
      if !record.isUnreadable("host") { fail(line, "host missing") }
    } else if let problem = GoURL.problem(host) {
      fail(line, problem)
    } else if !["unix", "tcp", "http", "https"].contains(GoURL.parts(host).scheme) {
      fail(
        line,
        "unable to parse docker host \(GoQuote.quote(host)): use unix://, tcp://, http:// or "
          + "https://")
    }
    return host
  }

  fileprivate func dockerFilters(_ record: Record) -> [DockerFilter] {
    record.objects("filters").compactMap(\.self).map {
      DockerFilter(name: $0.string("name"), values: $0.strings("values"))
    }
  }
}
