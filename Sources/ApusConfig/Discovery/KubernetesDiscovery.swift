internal import ApusModel

/// Objects of a Kubernetes cluster.
package struct KubernetesDiscoveryConfig: Sendable, Equatable {
  package enum Role: String, Sendable, CaseIterable {
    case pod, service, endpoints, endpointslice, node, ingress

    /// The roles whose objects may be selected.
    var selectable: [Role] {
      switch self {
      case .pod: [.pod, .node]
      case .service: [.service]
      case .endpointslice: [.pod, .service, .endpointslice]
      case .endpoints: [.pod, .service, .endpoints]
      case .node: [.node]
      case .ingress: [.ingress]
      }
    }
  }

  /// As the API takes them; empty for all objects.
  package struct Selector: Sendable, Equatable {
    package var label = ""
    package var field = ""

    package init() {}
  }

  /// What is asked for of further objects, and attached to targets.
  package struct AttachedMetadata: Sendable, Equatable {
    package var node = false
    package var namespace = false
    package var deployment = false
    package var job = false
    package var cronJob = false

    package init() {}
  }

  package var role: Role
  /// Empty for the cluster in which this process runs, or the one of `kubeConfigFile`.
  package var apiServer = ""
  package var kubeConfigFile = ""
  /// Empty for all.
  package var namespaces: [String] = []
  package var hasOwnNamespace = false
  package var selectors: [Role: Selector] = [:]
  package var attached = AttachedMetadata()
  package var client = HTTPClientConfig()

  package init(role: Role) { self.role = role }
}

extension DiscoveryMechanism {
  static let kubernetes = DiscoveryMechanism(
    "kubernetes",
    Schema(
      "kubernetes.plain",
      [
        Field("api_server", .string),
        Field("role", .string, shown: .always),
        Field("kubeconfig_file", .string, shown: .always),
      ] + HTTPClientSchema.fields() + [
        Field("namespaces", .object(namespaces)),
        Field("selectors", .objects(selector, goType: "[]kubernetes.SelectorConfig")),
        Field("attach_metadata", .object(attached)),
      ]),
    "[]*kubernetes.SDConfig"
  ) { reader, record in reader.kubernetes(record).map { .kubernetes($0) } }

  private static let namespaces = Schema(
    "kubernetes.plain",
    [
      Field("own_namespace", .bool, shown: .always),
      Field("names", .strings, shown: .always),
    ])

  private static let selector = Schema(
    "kubernetes.SelectorConfig",
    [
      Field("role", .string),
      Field("label", .string),
      Field("field", .string),
    ])

  private static let attached = Schema(
    "kubernetes.AttachMetadataConfig",
    [
      Field("node", .bool, shown: .always),
      Field("namespace", .bool, shown: .always),
      Field("deployment", .bool),
      Field("job", .bool),
      Field("cronjob", .bool),
    ])
}

extension SectionReader {
  private typealias Role = KubernetesDiscoveryConfig.Role

  fileprivate func kubernetes(_ record: Record) -> KubernetesDiscoveryConfig? {
    let role: Role? = self.role(
      record, "role",
      missing: "role missing (one of: pod, service, endpoints, endpointslice, node, ingress)",
      unknown: { "unknown Kubernetes SD role \(GoQuote.quote($0))" })
    let client = httpClient(record)
    guard let role else { return nil }
    var config = KubernetesDiscoveryConfig(role: role)
    config.client = client
    config.apiServer = record.string("api_server")
    if let problem = GoURL.problem(config.apiServer) {
      fail(record.line(of: "api_server"), problem)
    }
    record.set(
      "api_server", config.apiServer.isEmpty ? nil : .string(GoURL.redacted(config.apiServer)))
    config.kubeConfigFile = path(record, "kubeconfig_file")
    let namespaces = record.object("namespaces")
    config.namespaces = namespaces?.strings("names") ?? []
    config.hasOwnNamespace = namespaces?.bool("own_namespace") ?? false
    checkAccess(record, config)
    readSelectors(record, &config)
    if let attached = record.object("attach_metadata") {
      config.attached.node = attached.bool("node")
      config.attached.namespace = attached.bool("namespace")
      config.attached.deployment = attached.bool("deployment")
      config.attached.job = attached.bool("job")
      config.attached.cronJob = attached.bool("cronjob")
    }
    return config
  }

  private func checkAccess(_ record: Record, _ config: KubernetesDiscoveryConfig) {
    let hasServer = !config.apiServer.isEmpty
    let hasFile = !config.kubeConfigFile.isEmpty
    let hasClient = config.client != HTTPClientConfig()
    if hasServer && hasFile {
      fail(record.line, "cannot use 'kubeconfig_file' and 'api_server' simultaneously")
    } else if hasFile && hasClient {
      fail(
        record.line,
        "cannot use a custom HTTP client configuration together with 'kubeconfig_file'")
    } else if !hasServer && hasClient {
      fail(
        record.line,
        "to use custom HTTP client configuration please provide the 'api_server' URL "
          + "explicitly")
    } else if hasServer && config.hasOwnNamespace {
      fail(
        record.line,
        "cannot use 'api_server' and 'namespaces.own_namespace' simultaneously")
    } else if hasFile && config.hasOwnNamespace {
      fail(
        record.line,
        "cannot use 'kubeconfig_file' and 'namespaces.own_namespace' simultaneously")
    }
  }

  private func readSelectors(_ record: Record, _ config: inout KubernetesDiscoveryConfig) {
    for item in record.objects("selectors").compactMap(\.self) {
      let text = item.string("role")
      guard let role = Role(rawValue: text) else {
        fail(item.line(of: "role"), "unknown Kubernetes SD role \(GoQuote.quote(text))")
        continue
      }
      guard config.selectors[role] == nil else {
        fail(item.line, "duplicated selector role: \(text)")
        continue
      }
      guard config.role.selectable.contains(role) else {
        let allowed = config.role.selectable.map(\.rawValue).joined(separator: ", ")
        fail(item.line, "\(config.role.rawValue) role supports only \(allowed) selectors")
        continue
      }
      var selector = KubernetesDiscoveryConfig.Selector()
      selector.label = item.string("label")
      selector.field = item.string("field")
      if let problem = KubernetesSelector.fieldProblem(selector.field) {
        fail(item.line(of: "field"), problem)
      }
      if let problem = KubernetesSelector.labelProblem(selector.label) {
        fail(item.line(of: "label"), problem)
      }
      config.selectors[role] = selector
    }
  }
}
