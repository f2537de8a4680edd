internal import ApusConfig
internal import ApusHTTP
internal import ApusModel
internal import ApusSystem
internal import ApusTelemetry

/// Targets of a Kubernetes cluster, kept like it by watches.
struct KubernetesTargets: Discoverer {
  private let config: KubernetesDiscoveryConfig
  private let api: KubernetesAPI
  private let namespaces: [String]
  private let clock: any WallClock
  private let random: any RandomSource
  private let log: Log

  /// - Parameter namespaces: all of them where empty.
  init(
    _ config: KubernetesDiscoveryConfig, api: KubernetesAPI, namespaces: [String],
    clock: any WallClock, random: any RandomSource, log: Log
  ) {
    self.config = config
    self.api = api
    self.namespaces = namespaces.isEmpty ? [""] : namespaces
    self.clock = clock
    self.random = random
    self.log = log.with("discovery", "kubernetes").with("role", config.role.rawValue)
  }

  func run(_ send: @escaping @Sendable ([TargetGroup]) async -> Void) async throws {
    let parts = parts
    let store = KubernetesStore(config, parts: parts, metrics: api.metrics)
    try await withThrowingDiscardingTaskGroup { group in
      for part in parts {
        let watch = KubernetesWatch(
          part: part, query: query(part.resource), api: api, store: store, clock: clock,
          random: random, log: log)
        group.addTask { try await watch.run() }
      }
      for await _ in store.changes {
        await send(await store.takeChanges())
      }
      try Task.checkCancellation()
    }
  }

  /// All that must be watched for the role and what is attached to it.
  private var parts: [KubernetesStore.Part] {
    var resources: [KubernetesResource] = [config.role.resource]
    switch config.role {
    case .endpoints, .endpointslice: resources += [.service, .pod]
    default: break
    }
    let hasPods = resources.contains(.pod)
    if config.attached.node, hasPods { resources.append(.node) }
    if config.attached.namespace, config.role != .node { resources.append(.namespace) }
    if config.attached.deployment, hasPods { resources.append(.replicaset) }
    if config.attached.cronJob, hasPods { resources.append(.job) }
    return resources.flatMap { resource in
      (resource.isNamespaced ? namespaces : [""]).map {
        KubernetesStore.Part(resource: resource, namespace: $0)
      }
    }
  }

  private func query(_ resource: KubernetesResource) -> [(String, String)] {
    guard let role = KubernetesDiscoveryConfig.Role(rawValue: resource.rawValue),
      let selector = config.selectors[role]
    else { return [] }
    return [("labelSelector", selector.label), ("fieldSelector", selector.field)]
      .filter { !$0.1.isEmpty }
  }
}
