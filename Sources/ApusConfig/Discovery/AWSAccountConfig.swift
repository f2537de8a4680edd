/// Whose AWS account is asked, and where.
package struct AWSAccountConfig: Sendable, Equatable {
  /// Empty for that of the environment, the profile or the machine.
  package var region = ""
  /// Empty for the public one of the region.
  package var endpoint = ""
  package var accessKey = ""
  package var secretKey = Secret("")
  package var profile = ""
  /// Of the role to take on with these keys; empty for none.
  package var roleARN = ""
  package var externalID = ""

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
  func account(_ record: Record) -> AWSAccountConfig {
    var config = AWSAccountConfig()
    config.region = record.string("region")
    config.endpoint = record.string("endpoint")
    if let problem = GoURL.problem(config.endpoint) {
      fail(record.line(of: "endpoint"), problem)
    }
    config.accessKey = record.string("access_key")
    config.secretKey = Secret(record.string("secret_key"))
    config.profile = record.string("profile")
    config.roleARN = record.string("role_arn")
    config.externalID = record.string("external_id")
    return config
  }
}
