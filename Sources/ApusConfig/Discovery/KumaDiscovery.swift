/// Dataplanes of a Kuma mesh, by its monitoring assignments.
package struct KumaDiscoveryConfig: Sendable, Equatable {
  package var server: String
  /// Empty for the name of this machine.
  package var clientID = ""
  package var refreshIntervalMs: Int64 = 15_000
  /// How long the server may wait for a change.
  package var fetchTimeoutMs: Int64 = 120_000
  package var client = HTTPClientConfig()

  package init(server: String) { self.server = server }
}

extension DiscoveryMechanism {
  static let kuma = DiscoveryMechanism(
    "kuma",
    Schema(
      "xds.plainKumaConf",
      HTTPClientSchema.fields() + [
        // Prometheus's documentation says 30s; this is what it does.
        Field("refresh_interval", .duration, preset: .duration(15_000)),
        Field("fetch_timeout", .duration, preset: .duration(120_000)),
        Field("server", .string),
        Field("client_id", .string),
      ]),
    "[]*xds.SDConfig"
  ) { reader, record in
    var config = KumaDiscoveryConfig(server: record.string("server"))
    let line = record.line(of: "server")
    let parts = GoURL.parts(config.server)
    if config.server.isEmpty {
      if !record.isUnreadable("server") {
        reader.fail(line, "kuma SD server must not be empty: ")
      }
    } else if let problem = GoURL.problem(config.server) {
      reader.fail(line, problem)
    } else if parts.scheme.isEmpty || parts.host.isEmpty {
      reader.fail(line, "kuma SD server must not be empty and have a scheme: \(config.server)")
    }
    config.clientID = record.string("client_id")
    config.refreshIntervalMs = record.durationMs("refresh_interval")
    config.fetchTimeoutMs = record.durationMs("fetch_timeout")
    config.client = reader.httpClient(record)
    return .kuma(config)
  }
}
