internal import ApusModel

/// Servers of a STACKIT project.
package struct STACKITDiscoveryConfig: Sendable, Equatable {
  package var project: String
  package var region = "eu01"
  /// Empty for that of the region.
  package var endpoint = ""
  package var polling = PollingConfig()

  package init(project: String) { self.project = project }
}

extension DiscoveryMechanism {
  /// Keys by which Prometheus makes tokens of its own.
  private static let signingKeys = [
    "service_account_key", "private_key", "service_account_key_path", "private_key_path",
    "credentials_file_path",
  ]

  static let stackit = DiscoveryMechanism(
    "stackit",
    Schema(
      "stackit.plain",
      HTTPClientSchema.fields() + [
        Field("refresh_interval", .duration, preset: .duration(60_000)),
        Field("port", .int, preset: .int(80), shown: .always),
        Field("region", .string, preset: .string("eu01"), shown: .always),
        Field("endpoint", .string, shown: .always),
        Field("project", .string, shown: .always),
        Field("service_account_key", .secret),
        Field("private_key", .secret),
        Field("service_account_key_path", .string),
        Field("private_key_path", .string),
        Field("credentials_file_path", .string),
      ]),
    "[]*stackit.SDConfig"
  ) { reader, record in
    var config = STACKITDiscoveryConfig(project: record.string("project"))
    config.region = record.string("region")
    config.endpoint = record.string("endpoint")
    if config.region.isEmpty && config.endpoint.isEmpty {
      reader.fail(record.line, "endpoint or region missing")
    }
    if let problem = GoURL.problem(config.endpoint) {
      reader.fail(
        record.line(of: "endpoint"),
        "invalid endpoint \(GoQuote.quote(config.endpoint)): \(problem)")
    }
    for name in signingKeys where !record.string(name).isEmpty {
      reader.fail(
        record.line(of: name),
        "STACKIT SD configuration \(name) is not supported, because nothing here signs tokens; "
          + "give a token by authorization, with credentials or credentials_file")
    }
    config.polling = reader.polling(record)
    return .stackit(config)
  }
}
