internal import ApusModel

/// Everything that is known of a cluster, by kind and name. Only what a role needs is held.
struct KubernetesObjects: Sendable {
  var pods: [KubernetesKey: KubernetesPod] = [:]
  var services: [KubernetesKey: KubernetesService] = [:]
  var endpoints: [KubernetesKey: KubernetesEndpoints] = [:]
  var slices: [KubernetesKey: KubernetesSlice] = [:]
  var ingresses: [KubernetesKey: KubernetesIngress] = [:]
  var nodes: [String: KubernetesNode] = [:]
  /// Namespaces, and those who own pods: only what all objects have.
  var namespaces: [String: KubernetesMeta] = [:]
  var replicaSets: [KubernetesKey: KubernetesMeta] = [:]
  var jobs: [KubernetesKey: KubernetesMeta] = [:]

  /// What became of an object.
  enum Change: Sendable { case added, updated, none }

  /// Takes an object over.
  mutating func put(
    _ object: JSONTree, _ resource: KubernetesResource
  ) -> (key: KubernetesKey, change: Change) {
    let meta = KubernetesMeta(object)
    let key = meta.key
    let change: Change
    switch resource {
    case .pod: change = Self.put(KubernetesPod(object), key, &pods)
    case .service: change = Self.put(KubernetesService(object), key, &services)
    case .endpoints: change = Self.put(KubernetesEndpoints(object), key, &endpoints)
    case .endpointslice: change = Self.put(KubernetesSlice(object), key, &slices)
    case .ingress: change = Self.put(KubernetesIngress(object), key, &ingresses)
    case .node: change = Self.put(KubernetesNode(object), key.name, &nodes)
    case .namespace: change = Self.put(meta, key.name, &namespaces)
    case .replicaset: change = Self.put(meta, key, &replicaSets)
    case .job: change = Self.put(meta, key, &jobs)
    }
    return (key, change)
  }

  private static func put<Key, Object: Equatable>(
    _ object: Object, _ key: Key, _ all: inout [Key: Object]
  ) -> Change {
    guard let old = all.updateValue(object, forKey: key) else { return .added }
    return old == object ? .none : .updated
  }

  /// - Returns: whether it was known.
  mutating func remove(_ key: KubernetesKey, _ resource: KubernetesResource) -> Bool {
    switch resource {
    case .pod: pods.removeValue(forKey: key) != nil
    case .service: services.removeValue(forKey: key) != nil
    case .endpoints: endpoints.removeValue(forKey: key) != nil
    case .endpointslice: slices.removeValue(forKey: key) != nil
    case .ingress: ingresses.removeValue(forKey: key) != nil
    case .node: nodes.removeValue(forKey: key.name) != nil
    case .namespace: namespaces.removeValue(forKey: key.name) != nil
    case .replicaset: replicaSets.removeValue(forKey: key) != nil
    case .job: jobs.removeValue(forKey: key) != nil
    }
  }

  /// The keys of all objects of a kind in a namespace; the empty one stands for all.
  func keys(_ resource: KubernetesResource, namespace: String) -> Set<KubernetesKey> {
    let all: [KubernetesKey] =
      switch resource {
      case .pod: Array(pods.keys)
      case .service: Array(services.keys)
      case .endpoints: Array(endpoints.keys)
      case .endpointslice: Array(slices.keys)
      case .ingress: Array(ingresses.keys)
      case .node: nodes.keys.map { KubernetesKey(namespace: "", name: $0) }
      case .namespace: namespaces.keys.map { KubernetesKey(namespace: "", name: $0) }
      case .replicaset: Array(replicaSets.keys)
      case .job: Array(jobs.keys)
      }
    return namespace.isEmpty || !resource.isNamespaced
      ? Set(all) : Set(all.filter { $0.namespace == namespace })
  }
}
