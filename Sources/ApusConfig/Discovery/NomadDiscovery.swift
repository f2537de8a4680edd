/// Services registered with Nomad.
package struct NomadDiscoveryConfig: Sendable, Equatable {
  package var server = "http://localhost:4646"
  package var namespace = "default"
  package var region = "global"
  package var tagSeparator = ","
  package var allowsStale = true
  package var refreshIntervalMs: Int64 = 60_000
  package var client = HTTPClientConfig()

  package init() {}
}

extension DiscoveryMechanism {
  static let nomad = DiscoveryMechanism(
    "nomad",
    Schema(
      "nomad.plain",
      [
        Field("allow_stale", .bool, preset: .bool(true), shown: .always)
      ] + HTTPClientSchema.fields() + [
        Field("namespace", .string, preset: .string("default"), shown: .always),
        Field("refresh_interval", .duration, preset: .duration(60_000)),
        Field("region", .string, preset: .string("global"), shown: .always),
        Field("server", .string, preset: .string("http://localhost:4646"), shown: .always),
        Field("tag_separator", .string, preset: .string(",")),
      ]),
    "[]*nomad.SDConfig"
  ) { reader, record in
    var config = NomadDiscoveryConfig()
    config.server = record.string("server")
    if config.server.allSatisfy(\.isWhitespace) && !record.isUnreadable("server") {
      reader.fail(
        record.line(of: "server"), "nomad SD configuration requires a server address")
    }
    config.namespace = record.string("namespace")
    config.region = record.string("region")
    config.tagSeparator = record.string("tag_separator")
    config.allowsStale = record.bool("allow_stale")
    config.refreshIntervalMs = record.durationMs("refresh_interval")
    config.client = reader.httpClient(record)
    return .nomad(config)
  }
}
