/// Applications registered with Eureka.
package struct EurekaDiscoveryConfig: Sendable, Equatable {
  /// Up to `/apps`.
  package var server: String
  package var refreshIntervalMs: Int64 = 30_000
  package var client = HTTPClientConfig()

  package init(server: String) { self.server = server }
}

extension DiscoveryMechanism {
  static let eureka = DiscoveryMechanism(
    "eureka",
    Schema(
      "eureka.plain",
      [
        Field("server", .string)
      ] + HTTPClientSchema.fields() + [
        Field("refresh_interval", .duration, preset: .duration(30_000))
      ]),
    "[]*eureka.SDConfig"
  ) { reader, record in
    var config = EurekaDiscoveryConfig(server: record.string("server"))
    let line = record.line(of: "server")
    let parts = GoURL.parts(config.server)
    if config.server.isEmpty {
      if !record.isUnreadable("server") {
        reader.fail(line, "eureka_sd: empty or null eureka server")
      }
    } else if let problem = GoURL.problem(config.server) {
      reader.fail(line, problem)
    } else if parts.scheme.isEmpty || parts.host.isEmpty {
      reader.fail(line, "eureka_sd: invalid eureka server URL")
    }
    config.refreshIntervalMs = record.durationMs("refresh_interval")
    config.client = reader.httpClient(record)
    return .eureka(config)
  }
}
