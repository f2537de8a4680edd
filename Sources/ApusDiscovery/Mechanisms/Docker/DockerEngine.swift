internal import ApusConfig
internal import ApusHTTP
internal import ApusSystem

/// The API of a Docker engine.
struct DockerEngine: Sendable {
  private let base: String
  private let api: APIClient
  /// As the API takes them; empty for none.
  private let filters: String

  /// - Parameter factory: makes the fetcher; only engines behind HTTP get the settings of `client`.
  init(
    host: String, filters: [DockerFilter], polling: PollingConfig,
    factory: any HTTPFetcherFactory
  ) throws {
    let hasClient = host.hasPrefix("http://") || host.hasPrefix("https://")
    base = Self.base(host)
    api = APIClient(
      try factory.fetcher(for: hasClient ? polling.client : HTTPClientConfig()),
      timeoutMs: polling.refreshIntervalMs)
    self.filters = Self.text(filters)
  }

  /// What a path lists, such as `/containers/json`.
  func list(_ path: String, isFiltered: Bool = false) async throws -> [JSONTree] {
    let query =
      isFiltered && !filters.isEmpty ? "?filters=\(URLText.queryEscaped(filters))" : ""
    return try await api.json(base + path + query, path).list(path)
  }

  func object(_ path: String) async throws -> JSONTree {
    try await api.json(base + path, path).object(path)
  }

  /// Without a slash at the end: `unix:///run/docker.sock` as `http+unix://%2Frun%2Fdocker.sock`.
  static func base(_ host: String) -> String {
    if host.hasPrefix("unix://") {
      return "http+unix://" + URLText.escaped(String(host.dropFirst(7)), blank: "%20")
    }
    let url = host.hasPrefix("tcp://") ? "http://\(host.dropFirst(6))" : host
    return url.hasSuffix("/") ? String(url.dropLast()) : url
  }

  /// `{"name":{"value":true}}`
  static func text(_ filters: [DockerFilter]) -> String {
    var values: [String: Set<String>] = [:]
    for filter in filters { values[filter.name, default: []].formUnion(filter.values) }
    if values.isEmpty { return "" }
    let members = values.sorted { $0.key < $1.key }.map { name, values in
      let inner = values.sorted().map { "\(JSONText.quoted($0)):true" }
      return "\(JSONText.quoted(name)):{\(inner.joined(separator: ","))}"
    }
    return "{\(members.joined(separator: ","))}"
  }

  /// Labels of all networks, by their ids.
  /// - Parameter prefix: `__meta_docker_` or `__meta_dockerswarm_`.
  func networkLabels(_ prefix: String) async throws -> [String: [String: String]] {
    var all: [String: [String: String]] = [:]
    for network in try await list("/networks") {
      var labels = [
        "\(prefix)network_id": network["Id"].text,
        "\(prefix)network_name": network["Name"].text,
        "\(prefix)network_scope": network["Scope"].text,
        "\(prefix)network_internal": "\(network["Internal"].isTrue)",
        "\(prefix)network_ingress": "\(network["Ingress"].isTrue)",
      ]
      for (name, value) in network["Labels"].textMembers.sorted(by: { $0.key < $1.key }) {
        labels["\(prefix)network_label_\(MetaLabels.name(name))"] = value
      }
      all[network["Id"].text] = labels
    }
    return all
  }

  /// Why a list could not be got, with the words Prometheus has for it.
  static func explained<T>(_ what: String, _ body: () async throws -> T) async throws -> T {
    do {
      return try await body()
    } catch {
      try Task.checkCancellation()
      throw TargetSourceError("\(what): \(error)")
    }
  }
}
