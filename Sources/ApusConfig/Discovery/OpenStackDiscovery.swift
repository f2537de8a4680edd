internal import ApusModel

/// Instances, hypervisors or load balancers of OpenStack.
package struct OpenStackDiscoveryConfig: Sendable, Equatable {
  package enum Role: String, Sendable { case instance, hypervisor, loadbalancer }
  /// Which of the addresses of a service is used.
  package enum Availability: String, Sendable {
    case publicEndpoint = "public"
    case adminEndpoint = "admin"
    case internalEndpoint = "internal"
  }

  package var role: Role
  package var region: String
  /// Empty for all of it from the environment: `OS_AUTH_URL` and so on.
  package var identityEndpoint = ""
  package var username = ""
  package var userID = ""
  package var password = Secret("")
  package var projectName = ""
  package var projectID = ""
  package var domainName = ""
  package var domainID = ""
  package var credentialName = ""
  package var credentialID = ""
  package var credentialSecret = Secret("")
  package var showsAllTenants = false
  package var availability = Availability.publicEndpoint
  package var polling = PollingConfig()

  package init(role: Role, region: String) {
    self.role = role
    self.region = region
  }
}

extension DiscoveryMechanism {
  static let openStack = DiscoveryMechanism(
    "openstack",
    Schema(
      "openstack.plain",
      [
        Field("identity_endpoint", .string, shown: .always),
        Field("username", .string, shown: .always),
        Field("userid", .string, shown: .always),
        Field("password", .secret, shown: .always),
        Field("project_name", .string, shown: .always),
        Field("project_id", .string, shown: .always),
        Field("domain_name", .string, shown: .always),
        Field("domain_id", .string, shown: .always),
        Field("application_credential_name", .string, shown: .always),
        Field("application_credential_id", .string, shown: .always),
        Field("application_credential_secret", .secret, shown: .always),
        Field("role", .string, shown: .always),
        Field("region", .string, shown: .always),
        Field("refresh_interval", .duration, preset: .duration(60_000)),
        Field("port", .int, preset: .int(80), shown: .always),
        Field("all_tenants", .bool),
        Field("tls_config", .object(HTTPClientSchema.tls)),
        Field("availability", .string, preset: .string("public")),
      ]),
    "[]*openstack.SDConfig"
  ) { reader, record in reader.openStack(record).map { .openStack($0) } }
}

extension SectionReader {
  fileprivate func openStack(_ record: Record) -> OpenStackDiscoveryConfig? {
    let tls = record.object("tls_config").map { self.tls($0) } ?? TLSConfig()
    let role: OpenStackDiscoveryConfig.Role? = self.role(
      record, "role", missing: "role missing (one of: instance, hypervisor, loadbalancer)",
      unknown: { "unknown OpenStack SD role \(GoQuote.quote($0))" })
    let region = record.string("region")
    if region.isEmpty && !record.isUnreadable("region") {
      fail(record.line, "openstack SD configuration requires a region")
    }
    let availability: OpenStackDiscoveryConfig.Availability? = self.role(
      record, "availability",
      missing: "unknown availability , must be one of admin, internal "
        + "or public",
      unknown: { "unknown availability \($0), must be one of admin, internal or public" })
    guard let role, let availability else { return nil }
    var config = OpenStackDiscoveryConfig(role: role, region: region)
    config.identityEndpoint = record.string("identity_endpoint")
    if let problem = GoURL.problem(config.identityEndpoint) {
      fail(record.line(of: "identity_endpoint"), problem)
    }
    config.username = record.string("username")
    config.userID = record.string("userid")
    config.password = Secret(record.string("password"))
    config.projectName = record.string("project_name")
    config.projectID = record.string("project_id")
    config.domainName = record.string("domain_name")
    config.domainID = record.string("domain_id")
    config.credentialName = record.string("application_credential_name")
    config.credentialID = record.string("application_credential_id")
    config.credentialSecret = Secret(record.string("application_credential_secret"))
    config.showsAllTenants = record.bool("all_tenants")
    config.availability = availability
    config.polling.port = Int(clamping: record.int("port"))
    config.polling.refreshIntervalMs = record.durationMs("refresh_interval")
    config.polling.client.tls = tls
    return config
  }
}
