internal import ApusModel

/// Instances or baremetal servers of Scaleway.
package struct ScalewayDiscoveryConfig: Sendable, Equatable {
  package enum Role: String, Sendable { case instance, baremetal }

  package var role: Role
  package var projectID: String
  package var apiURL = "https://api.scaleway.com"
  package var zone = "fr-par-1"
  /// One of key and file is set.
  package var secretKey = Secret("")
  package var secretKeyFile = ""
  package var nameFilter = ""
  package var tagsFilter: [String] = []
  package var polling = PollingConfig()

  package init(role: Role, projectID: String) {
    self.role = role
    self.projectID = projectID
  }
}

extension DiscoveryMechanism {
  static let scaleway = DiscoveryMechanism(
    "scaleway",
    Schema(
      "scaleway.plain",
      [
        Field("project_id", .string, shown: .always),
        Field("api_url", .string, preset: .string("https://api.scaleway.com")),
        Field("zone", .string, preset: .string("fr-par-1"), shown: .always),
        Field("access_key", .string, shown: .always),
        Field("secret_key", .secret, shown: .always),
        Field("secret_key_file", .string, shown: .always),
        Field("name_filter", .string),
        Field("tags_filter", .strings),
      ] + HTTPClientSchema.fields() + [
        Field("refresh_interval", .duration, preset: .duration(60_000)),
        Field("port", .int, preset: .int(80), shown: .always),
        Field("role", .string, shown: .always),
      ]),
    "[]*scaleway.SDConfig"
  ) { reader, record in reader.scaleway(record).map { .scaleway($0) } }
}

extension SectionReader {
  fileprivate func scaleway(_ record: Record) -> ScalewayDiscoveryConfig? {
    let role: ScalewayDiscoveryConfig.Role? = self.role(
      record, "role", missing: "role missing (one of: instance, baremetal)",
      unknown: { "unknown role \(GoQuote.quote($0))" })
    let polling = self.polling(record)
    let project = record.string("project_id")
    if project.isEmpty { fail(record.line, "project_id is mandatory") }
    let key = record.string("secret_key")
    let file = path(record, "secret_key_file")
    if key.isEmpty && file.isEmpty {
      fail(record.line, "one of secret_key & secret_key_file must be configured")
    } else if !key.isEmpty && !file.isEmpty {
      fail(record.line, "at most one of secret_key & secret_key_file must be configured")
    }
    if record.string("access_key").isEmpty { fail(record.line, "access_key is mandatory") }
    guard let role else { return nil }
    var config = ScalewayDiscoveryConfig(role: role, projectID: project)
    config.apiURL = record.string("api_url")
    config.zone = record.string("zone")
    config.secretKey = Secret(key)
    config.secretKeyFile = file
    config.nameFilter = record.string("name_filter")
    config.tagsFilter = record.strings("tags_filter")
    config.polling = polling
    return config
  }
}
