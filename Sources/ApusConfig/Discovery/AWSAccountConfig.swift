/// Whose AWS account is asked, and where.
package struct AWSAccountConfig: Sendable, Equatable {
  /// Empty for that of the environment, the profile or the machine.
  package var region = ""
  /// Empty for the public one of the region.
  package var endpoint = ""
  package var accessKey = ""
  package var secretKey = Secret("")
  package var profile = ""

  package init() {}

  static let fields = [
    Field("endpoint", .string, shown: .always),
    Field("region", .string, shown: .always),
    Field("access_key", .string),
    Field("secret_key", .secret),
    Field("profile", .string),
    Field("role_arn", .string),
    Field("external_id", .string),
  ]
}

extension SectionReader {
  /// - Parameter service: as Prometheus calls it in its errors.
  func account(_ record: Record, _ service: String) -> AWSAccountConfig {
    var config = AWSAccountConfig()
    config.region = record.string("region")
    config.endpoint = record.string("endpoint")
    if let problem = GoURL.problem(config.endpoint) {
      fail(record.line(of: "endpoint"), problem)
    }
    config.accessKey = record.string("access_key")
    config.secretKey = Secret(record.string("secret_key"))
    config.profile = record.string("profile")
    for name in ["role_arn", "external_id"] where !record.string(name).isEmpty {
      fail(
        record.line(of: name),
        "\(service) SD configuration \(name) is not supported, because it needs the AWS "
          + "Security Token Service; give the keys of the role by access_key and secret_key, by "
          + "a profile or by the environment")
    }
    return config
  }
}
