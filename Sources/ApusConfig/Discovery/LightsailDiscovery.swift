/// Instances of AWS Lightsail.
package struct LightsailDiscoveryConfig: Sendable, Equatable {
  package var account = AWSAccountConfig()
  package var polling = PollingConfig()

  package init() {}
}

extension DiscoveryMechanism {
  static let lightsail = DiscoveryMechanism(
    "lightsail",
    Schema(
      "aws.plain",
      AWSAccountConfig.fields + [
        Field("refresh_interval", .duration, preset: .duration(60_000)),
        Field("port", .int, preset: .int(80), shown: .always),
      ] + HTTPClientSchema.fields()),
    "[]*aws.LightsailSDConfig"
  ) { reader, record in
    var config = LightsailDiscoveryConfig()
    config.account = reader.account(record)
    config.polling = reader.polling(record)
    return .lightsail(config)
  }
}
