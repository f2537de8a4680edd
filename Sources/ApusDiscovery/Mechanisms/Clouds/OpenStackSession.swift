internal import ApusConfig
internal import ApusHTTP
internal import ApusSystem

/// A token of OpenStack's identity service (version 3), and where the other services are.
struct OpenStackSession: Sendable {
  private let api: APIClient
  private let catalog: [JSONTree]
  private let region: String
  private let availability: String

  /// Logs in.
  init(_ config: OpenStackDiscoveryConfig, api: APIClient) async throws {
    var request = FetchRequest(
      url: try Self.identity(config.identityEndpoint) + "/auth/tokens",
      timeoutMs: api.timeoutMs, bodyBytesMax: Limits.answerBytesMax)
    request.method = "POST"
    request.headers = [(name: "Content-Type", value: "application/json")]
    request.body = Array(Self.login(config).utf8)
    let answer = try await api.send(request, "could not authenticate to OpenStack")
    guard let token = answer.header("X-Subject-Token") else {
      throw TargetSourceError("could not authenticate to OpenStack: no token was given")
    }
    var api = api
    api.headers.append((name: "X-Auth-Token", value: token))
    self.api = api
    catalog = try await JSONTree.decode(answer.body)["token"]["catalog"].list("the catalog")
    region = config.region
    availability = config.availability.rawValue
  }

  /// All pages of a list, by the id of the last of each.
  /// - Parameters:
  ///   - type: of the service, such as `compute`.
  ///   - path: from the slash on.
  ///   - list: the member that holds the items, and begins the name of that with links.
  func all(
    _ type: String, _ path: String, _ list: String, query: [(String, String)] = []
  ) async throws -> [JSONTree] {
    let url = try endpoint(type) + path
    var found: [JSONTree] = []
    var marker = ""
    for _ in 0..<Limits.pagesMax {
      let parameters = query + (marker.isEmpty ? [] : [("marker", marker)])
      let text = parameters.map { "\($0)=\(URLText.queryEscaped($1))" }.joined(separator: "&")
      let answer = try await api.json(
        text.isEmpty ? url : "\(url)?\(text)", "failed to list \(list)"
      ).object("the answer")
      let items = try answer[list].list(list)
      found += items
      let hasMore = answer["\(list)_links"].items.contains { $0["rel"].text == "next" }
      let last = items.last?["id"] ?? .null
      guard hasMore, !last.isNull else { return found }
      marker = last.optionalText ?? last.integerText
    }
    throw TargetSourceError("more than \(Limits.pagesMax) pages of \(list)")
  }

  /// Where a service is, without a slash at the end.
  private func endpoint(_ type: String) throws -> String {
    for service in catalog where service["type"].text == type {
      for endpoint in service["endpoints"].items
      where endpoint["interface"].text == availability {
        let names = [endpoint["region_id"].text, endpoint["region"].text]
        guard region.isEmpty || names.contains(region) else { continue }
        let url = endpoint["url"].text
        return url.hasSuffix("/") ? String(url.dropLast()) : url
      }
    }
    throw TargetSourceError(
      "No suitable endpoint could be found in the service catalog for \(type) in \(region)")
  }

  /// The address of version 3, however the endpoint is written.
  private static func identity(_ endpoint: String) throws -> String {
    let url = endpoint.hasSuffix("/") ? String(endpoint.dropLast()) : endpoint
    if url.hasSuffix("/v2.0") {
      throw TargetSourceError(
        "the identity API version 2.0 of \(endpoint) is not supported; use version 3")
    }
    return url.hasSuffix("/v3") ? url : url + "/v3"
  }

  private static func object(_ members: [(String, String)]) -> String {
    let texts = members.filter { !$0.1.isEmpty }.map { "\(JSONText.quoted($0)):\($1)" }
    return texts.isEmpty ? "" : "{\(texts.joined(separator: ","))}"
  }

  private static func text(_ text: String) -> String {
    text.isEmpty ? "" : JSONText.quoted(text)
  }

  /// The request for a token.
  static func login(_ config: OpenStackDiscoveryConfig) -> String {
    let domain = object([("id", text(config.domainID)), ("name", text(config.domainName))])
    let user = object([
      ("id", text(config.userID)), ("name", text(config.username)),
      ("domain", config.userID.isEmpty ? domain : ""),
    ])
    var identity: String
    if !config.credentialSecret.isEmpty {
      let credential = object([
        ("id", text(config.credentialID)), ("name", text(config.credentialName)),
        ("secret", text(config.credentialSecret.text)),
        ("user", config.credentialID.isEmpty ? user : ""),
      ])
      identity =
        "{\"methods\":[\"application_credential\"],\"application_credential\":\(credential)}"
      return "{\"auth\":{\"identity\":\(identity)}}"
    }
    let login = object([
      ("id", text(config.userID)), ("name", text(config.username)),
      ("domain", config.userID.isEmpty ? domain : ""), ("password", text(config.password.text)),
    ])
    identity = "{\"methods\":[\"password\"],\"password\":{\"user\":\(login)}}"
    let project =
      config.projectID.isEmpty
      ? (config.projectName.isEmpty
        ? "" : object([("name", text(config.projectName)), ("domain", domain)]))
      : object([("id", text(config.projectID))])
    let scope = project.isEmpty ? "" : ",\"scope\":{\"project\":\(project)}"
    return "{\"auth\":{\"identity\":\(identity)\(scope)}}"
  }
}

extension OpenStackDiscoveryConfig {
  /// With what the environment tells, where no identity endpoint is configured.
  func completed(_ environment: (String) -> String?) throws -> OpenStackDiscoveryConfig {
    if !identityEndpoint.isEmpty { return self }
    func value(_ names: String...) -> String {
      names.compactMap { environment($0) }.first { !$0.isEmpty } ?? ""
    }
    var config = self
    config.identityEndpoint = value("OS_AUTH_URL")
    if config.identityEndpoint.isEmpty {
      throw TargetSourceError(
        "Missing environment variable [OS_AUTH_URL]; set it, or identity_endpoint")
    }
    config.username = value("OS_USERNAME")
    config.userID = value("OS_USERID", "OS_USER_ID")
    config.password = Secret(value("OS_PASSWORD"))
    config.projectID = value("OS_PROJECT_ID", "OS_TENANT_ID")
    config.projectName = value("OS_PROJECT_NAME", "OS_TENANT_NAME")
    config.domainID = value("OS_DOMAIN_ID")
    config.domainName = value("OS_DOMAIN_NAME")
    config.credentialID = value("OS_APPLICATION_CREDENTIAL_ID")
    config.credentialName = value("OS_APPLICATION_CREDENTIAL_NAME")
    config.credentialSecret = Secret(value("OS_APPLICATION_CREDENTIAL_SECRET"))
    return config
  }
}
