internal import ApusModel

/// Instances of AWS EC2.
package struct EC2DiscoveryConfig: Sendable, Equatable {
  package struct Filter: Sendable, Equatable {
    package var name: String
    package var values: [String]

    package init(name: String, values: [String]) {
      self.name = name
      self.values = values
    }
  }

  /// Empty for that of the environment, the profile or the machine.
  package var region = ""
  /// Empty for the public one of the region.
  package var endpoint = ""
  package var accessKey = ""
  package var secretKey = Secret("")
  package var profile = ""
  package var filters: [Filter] = []
  package var polling = PollingConfig()

  package init() {}
}

extension DiscoveryMechanism {
  static let ec2 = DiscoveryMechanism(
    "ec2",
    Schema(
      "aws.plain",
      [
        Field("endpoint", .string, shown: .always),
        Field("region", .string, shown: .always),
        Field("access_key", .string),
        Field("secret_key", .secret),
        Field("profile", .string),
        Field("role_arn", .string),
        Field("external_id", .string),
        Field("refresh_interval", .duration, preset: .duration(60_000)),
        Field("port", .int, preset: .int(80), shown: .always),
        Field(
          "filters",
          .objects(
            Schema(
              "aws.EC2Filter",
              [
                Field("name", .string, shown: .always),
                Field("values", .strings, shown: .always),
              ]), goType: "[]*aws.EC2Filter"), shown: .always),
      ] + HTTPClientSchema.fields()),
    "[]*aws.EC2SDConfig"
  ) { reader, record in
    var config = EC2DiscoveryConfig()
    config.region = record.string("region")
    config.endpoint = record.string("endpoint")
    if let problem = GoURL.problem(config.endpoint) {
      reader.fail(record.line(of: "endpoint"), problem)
    }
    config.accessKey = record.string("access_key")
    config.secretKey = Secret(record.string("secret_key"))
    config.profile = record.string("profile")
    for name in ["role_arn", "external_id"] where !record.string(name).isEmpty {
      reader.fail(
        record.line(of: name),
        "EC2 SD configuration \(name) is not supported, because it needs the AWS Security Token "
          + "Service; give the keys of the role by access_key and secret_key, by a profile or by "
          + "the environment")
    }
    config.filters = record.objects("filters").compactMap(\.self).map {
      EC2DiscoveryConfig.Filter(name: $0.string("name"), values: $0.strings("values"))
    }
    if config.filters.contains(where: \.values.isEmpty) {
      reader.fail(
        record.line(of: "filters"), "EC2 SD configuration filter values cannot be empty")
    }
    config.polling = reader.polling(record)
    return .ec2(config)
  }
}
