internal import ApusConfig
internal import ApusSystem

/// Where the API of a cluster is, and how to speak to it.
struct KubernetesAccess: Sendable {
  /// Without a slash at the end.
  let base: String
  let client: HTTPClientConfig
  let namespaces: [String]

  /// Where a pod finds what it may know of its cluster.
  private static let account = "/var/run/secrets/kubernetes.io/serviceaccount"

  /// - Throws: where there is no cluster to be found.
  init(
    _ config: KubernetesDiscoveryConfig, files: any FileSystem,
    environment: (String) -> String?
  ) throws {
    var namespaces = config.namespaces
    if !config.apiServer.isEmpty {
      base = Self.plain(config.apiServer)
      client = config.client
    } else if !config.kubeConfigFile.isEmpty {
      let file = try KubeConfigFile.load(config.kubeConfigFile, files: files)
      base = Self.plain(file.server)
      client = file.client
    } else {
      (base, client) = try Self.ownCluster(environment)
      if config.hasOwnNamespace {
        let own = try files.readText("\(Self.account)/namespace")
        namespaces.append(String(own.split(whereSeparator: \.isWhitespace).first ?? ""))
      }
    }
    self.namespaces = namespaces.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  private static func plain(_ server: String) -> String {
    server.hasSuffix("/") ? String(server.dropLast()) : server
  }

  private static func ownCluster(
    _ environment: (String) -> String?
  ) throws -> (String, HTTPClientConfig) {
    guard let host = environment("KUBERNETES_SERVICE_HOST"), !host.isEmpty,
      let port = environment("KUBERNETES_SERVICE_PORT"), !port.isEmpty
    else {
      throw TargetSourceError(
        "unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and "
          + "KUBERNETES_SERVICE_PORT must be defined")
    }
    var client = HTTPClientConfig()
    var token = AuthorizationConfig()
    // Read anew for every request, for tokens are replaced.
    token.credentialsFile = "\(account)/token"
    client.authorization = token
    client.tls.caFile = "\(account)/ca.crt"
    return ("https://\(MetaLabels.address(host, port))", client)
  }
}
