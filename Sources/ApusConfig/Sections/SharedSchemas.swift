/// The keys of blocks that several sections hold.
enum SharedSchemas {
  static let relabelRule = Schema(
    "relabel.plain",
    [
      Field("source_labels", .strings(flow: true)),
      Field("separator", .string, preset: .string(";"), shown: .always),
      Field("regex", .string),
      Field("modulus", .uint),
      Field("target_label", .string),
      Field("replacement", .string, preset: .string("$1"), shown: .always),
      Field("action", .string, preset: .string("replace"), shown: .always),
    ])

  static func relabelRules(_ name: String) -> Field {
    Field(name, .objects(relabelRule, goType: "[]*relabel.Config"))
  }

  private static let groupType =
    #"struct { Targets []string "yaml:\"targets\""; "#
    + #"Labels model.LabelSet "yaml:\"labels\"" }"#

  static let targetGroup = Schema(
    groupType,
    [
      Field("targets", .strings, shown: .always),
      Field("labels", .stringMap),
    ])

  static let fileDiscovery = Schema(
    "file.plain",
    [
      Field("files", .strings, shown: .always),
      Field("refresh_interval", .duration, preset: .duration(300_000)),
    ])

  static let httpDiscovery = Schema(
    "http.plain",
    HTTPClientSchema.fields() + [
      Field("refresh_interval", .duration, preset: .duration(60_000)),
      Field("url", .string, shown: .always),
    ])

  /// Discovery as scrape configs and Alertmanager configs have it, in order of name.
  static let discovery: [Field] =
    ([
      Field("file_sd_configs", .objects(fileDiscovery, goType: "[]*file.SDConfig")),
      Field("http_sd_configs", .objects(httpDiscovery, goType: "[]*http.SDConfig")),
      Field("static_configs", .objects(targetGroup, goType: "[]*targetgroup.Group")),
    ] + DiscoveryMechanism.all.map(\.field)).sorted { $0.name < $1.name }
}
