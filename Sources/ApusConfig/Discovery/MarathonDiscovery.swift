/// Applications of a Marathon cluster.
package struct MarathonDiscoveryConfig: Sendable, Equatable {
  /// One of them is asked, by chance.
  package var servers: [String]
  /// At most one of token and file is set.
  package var authToken = Secret("")
  package var authTokenFile = ""
  package var refreshIntervalMs: Int64 = 30_000
  package var client = HTTPClientConfig()

  package init(servers: [String]) { self.servers = servers }
}

extension DiscoveryMechanism {
  static let marathon = DiscoveryMechanism(
    "marathon",
    Schema(
      "marathon.plain",
      [
        Field("servers", .strings),
        Field("refresh_interval", .duration, preset: .duration(30_000)),
        Field("auth_token", .secret),
        Field("auth_token_file", .string),
      ] + HTTPClientSchema.fields()),
    "[]*marathon.SDConfig"
  ) { reader, record in
    var config = MarathonDiscoveryConfig(servers: record.strings("servers"))
    if config.servers.isEmpty && !record.isUnreadable("servers") {
      reader.fail(record.line, "marathon_sd: must contain at least one Marathon server")
    }
    config.authToken = Secret(record.string("auth_token"))
    config.authTokenFile = reader.path(record, "auth_token_file")
    config.refreshIntervalMs = record.durationMs("refresh_interval")
    reader.checkMarathonToken(record, config)
    config.client = reader.httpClient(record)
    return .marathon(config)
  }
}

extension SectionReader {
  fileprivate func checkMarathonToken(_ record: Record, _ config: MarathonDiscoveryConfig) {
    let hasToken = !config.authToken.isEmpty
    let hasFile = !config.authTokenFile.isEmpty
    guard hasToken || hasFile else { return }
    let line = record.line(of: hasToken ? "auth_token" : "auth_token_file")
    if hasToken && hasFile {
      fail(
        line,
        "marathon_sd: at most one of auth_token & auth_token_file must be configured")
    } else if record.has("basic_auth") {
      fail(
        line,
        "marathon_sd: at most one of basic_auth, auth_token & auth_token_file must be "
          + "configured")
    } else if record.has("bearer_token") || record.has("bearer_token_file") {
      fail(
        line,
        "marathon_sd: at most one of bearer_token, bearer_token_file, auth_token & "
          + "auth_token_file must be configured")
    } else if record.has("authorization") {
      fail(
        line,
        "marathon_sd: at most one of auth_token, auth_token_file & authorization must be "
          + "configured")
    }
  }
}
