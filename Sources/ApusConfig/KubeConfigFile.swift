package import ApusSystem

/// A kubeconfig file: the cluster and the user of its current context.
package struct KubeConfigFile: Sendable, Equatable {
  /// Why a file is of no use.
  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  package let server: String
  package let client: HTTPClientConfig

  /// - Throws: where the file cannot be read, or needs what is not supported.
  package static func load(_ path: String, files: any FileSystem) throws -> KubeConfigFile {
    let errors = ErrorList(file: path)
    var document = YAMLDocument(errors: errors)
    let node = document.parse(try files.read(path))
    if !errors.isEmpty { throw ConfigErrors(errors.sorted) }
    guard let node else { throw Failure(description: "\(path): the file is empty") }
    let reader = Reader(root: node, path: path)
    return try reader.file()
  }

  private struct Reader {
    let root: YAMLNode
    let path: String

    func file() throws(Failure) -> KubeConfigFile {
      let name = text(root, "current-context")
      if name.isEmpty { throw failure("current-context is missing") }
      let context = try named(name, in: "contexts", "context")
      let cluster = try named(text(context, "cluster"), in: "clusters", "cluster")
      let server = text(cluster, "server")
      if server.isEmpty { throw failure("the cluster of context \(name) has no server") }
      var client = HTTPClientConfig()
      try readCluster(cluster, &client)
      let user = text(context, "user")
      if !user.isEmpty { try readUser(try named(user, in: "users", "user"), &client) }
      return KubeConfigFile(server: server, client: client)
    }

    private func failure(_ text: String) -> Failure { Failure(description: "\(path): \(text)") }

    private func text(_ node: YAMLNode, _ key: String) -> String {
      guard case .scalar(let scalar)? = node.value(of: key)?.content, scalar.resolved != .null
      else { return "" }
      return scalar.text
    }

    private func named(
      _ name: String, in list: String, _ key: String
    ) throws(Failure) -> YAMLNode {
      if case .sequence(let items)? = root.value(of: list)?.content {
        for item in items where text(item, "name") == name {
          if let found = item.value(of: key) { return found }
        }
      }
      throw failure("there is no \(key) \(name)")
    }

    /// The path of a file, relative to the kubeconfig file.
    private func file(_ node: YAMLNode, _ key: String) -> String {
      ConfigPath.join(ConfigPath.parent(of: path), text(node, key))
    }

    /// Bytes in base 64, as the text that they are.
    private func inline(_ node: YAMLNode, _ key: String) throws(Failure) -> String {
      let encoded = text(node, key)
      guard let bytes = Base64.decode(encoded) else { throw failure("\(key) is no base 64") }
      return String(decoding: bytes, as: UTF8.self)
    }

    private func readCluster(
      _ cluster: YAMLNode, _ client: inout HTTPClientConfig
    ) throws(Failure) {
      client.tls.ca = try inline(cluster, "certificate-authority-data")
      if client.tls.ca.isEmpty {
        client.tls.caFile = file(cluster, "certificate-authority")
      }
      client.tls.serverName = text(cluster, "tls-server-name")
      client.tls.skipsVerification = text(cluster, "insecure-skip-tls-verify") == "true"
      client.proxyURL = text(cluster, "proxy-url")
    }

    private func readUser(_ user: YAMLNode, _ client: inout HTTPClientConfig) throws(Failure) {
      for key in ["exec", "auth-provider"] where user.value(of: key) != nil {
        throw failure(
          "users with \(key) are not supported; give the user a token, a tokenFile or a client "
            + "certificate")
      }
      client.tls.certificate = try inline(user, "client-certificate-data")
      if client.tls.certificate.isEmpty {
        client.tls.certificateFile = file(user, "client-certificate")
      }
      client.tls.key = Secret(try inline(user, "client-key-data"))
      if client.tls.key.isEmpty { client.tls.keyFile = file(user, "client-key") }
      var token = AuthorizationConfig()
      token.credentialsFile = file(user, "tokenFile")
      if token.credentialsFile.isEmpty { token.credentials = Secret(text(user, "token")) }
      if !token.credentials.isEmpty || !token.credentialsFile.isEmpty {
        client.authorization = token
      } else if !text(user, "username").isEmpty {
        var basic = BasicAuthConfig()
        basic.username = text(user, "username")
        basic.password = Secret(text(user, "password"))
        client.basicAuth = basic
      }
    }
  }
}
