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

  package var account = AWSAccountConfig()
  package var filters: [Filter] = []
  package var polling = PollingConfig()

  package init() {}
}

extension DiscoveryMechanism {
  static let ec2 = DiscoveryMechanism(
    "ec2",
    Schema(
      "aws.plain",
      AWSAccountConfig.fields + [
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
    config.account = reader.account(record)
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
