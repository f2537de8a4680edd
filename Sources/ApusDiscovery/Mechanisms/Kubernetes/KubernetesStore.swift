internal import ApusConfig
internal import ApusModel
internal import ApusTelemetry

/// What the watches of one configuration have seen, and which groups changed by it. Groups are
/// told only when all watches have seen everything once, so that none lacks its labels.
actor KubernetesStore {
  /// What one watch watches.
  struct Part: Sendable, Hashable {
    let resource: KubernetesResource
    /// Empty for all.
    let namespace: String
  }

  private let groups: KubernetesGroups
  private let resource: KubernetesResource
  private let metrics: KubernetesMetrics
  private var objects = KubernetesObjects()
  private var unseen: Set<Part>
  private var changed: Set<KubernetesKey> = []
  /// Ends a wait for changes; the latest one is kept.
  nonisolated let changes: AsyncStream<Void>
  private let change: AsyncStream<Void>.Continuation

  init(
    _ config: KubernetesDiscoveryConfig, parts: [Part], metrics: KubernetesMetrics
  ) {
    groups = KubernetesGroups(role: config.role, attached: config.attached)
    resource = config.role.resource
    self.metrics = metrics
    unseen = Set(parts)
    (changes, change) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// Takes some of all objects of a part over, so that their JSON need not be held for long.
  func take(_ part: Part, _ some: [JSONTree]) -> Set<KubernetesKey> {
    Set(some.map { put($0, part.resource) })
  }

  /// All objects of a part were taken; those that are not among them are gone.
  func finish(_ part: Part, _ seen: Set<KubernetesKey>) {
    let known = objects.keys(part.resource, namespace: part.namespace)
    for key in known.subtracting(seen) { remove(key, part.resource) }
    unseen.remove(part)
    if unseen.isEmpty { change.yield() }
  }

  /// Takes over one object that is new or was changed.
  func update(_ part: Part, _ object: JSONTree) {
    put(object, part.resource)
    if unseen.isEmpty { change.yield() }
  }

  /// Forgets an object.
  func delete(_ part: Part, _ object: JSONTree) {
    remove(KubernetesMeta(object).key, part.resource)
    if unseen.isEmpty { change.yield() }
  }

  /// The groups that changed since they were taken last.
  func takeChanges() -> [TargetGroup] {
    guard unseen.isEmpty else { return [] }
    defer { changed = [] }
    return changed.map { groups.group($0, objects) }.sorted { $0.source < $1.source }
  }

  @discardableResult
  private func put(_ object: JSONTree, _ resource: KubernetesResource) -> KubernetesKey {
    let (key, change) = objects.put(object, resource)
    count(resource, change == .added ? "add" : "update")
    if change != .none { changed.formUnion(affected(by: key, resource)) }
    return key
  }

  private func remove(_ key: KubernetesKey, _ resource: KubernetesResource) {
    guard objects.remove(key, resource) else { return }
    count(resource, "delete")
    changed.formUnion(affected(by: key, resource))
  }

  private func count(_ resource: KubernetesResource, _ event: String) {
    guard ![.namespace, .replicaset, .job].contains(resource) else { return }
    metrics.events[resource.rawValue, event].increment()
  }

  /// The objects of the role whose groups show another object.
  private func affected(
    by key: KubernetesKey, _ changed: KubernetesResource
  ) -> Set<KubernetesKey> {
    if changed == resource { return [key] }
    switch (resource, changed) {
    case (_, .namespace): return objects.keys(resource, namespace: key.name)
    case (.endpoints, .service): return objects.endpoints[key] == nil ? [] : [key]
    case (.endpoints, .pod):
      return keys(objects.endpoints) { $0.namespace == key.namespace && $1.refers(to: key) }
    case (.endpoints, .node): return keys(objects.endpoints) { $1.isOn(key.name) }
    case (.endpointslice, .service): return keys(objects.slices) { $1.service == key }
    case (.endpointslice, .pod):
      return keys(objects.slices) { $0.namespace == key.namespace && $1.refers(to: key) }
    case (.endpointslice, .node): return keys(objects.slices) { $1.isOn(key.name) }
    case (.pod, .node): return keys(objects.pods) { $1.nodeName == key.name }
    case (.pod, .replicaset), (.pod, .job):
      return keys(objects.pods) {
        $0.namespace == key.namespace && $1.meta.controller?.name == key.name
      }
    case (.endpoints, .replicaset), (.endpoints, .job), (.endpointslice, .replicaset),
      (.endpointslice, .job):
      return objects.keys(resource, namespace: key.namespace)
    default: return []
    }
  }

  private func keys<Object>(
    _ all: [KubernetesKey: Object], where isAffected: (KubernetesKey, Object) -> Bool
  ) -> Set<KubernetesKey> {
    Set(all.filter { isAffected($0.key, $0.value) }.keys)
  }
}

extension KubernetesDiscoveryConfig.Role {
  var resource: KubernetesResource {
    switch self {
    case .pod: .pod
    case .service: .service
    case .endpoints: .endpoints
    case .endpointslice: .endpointslice
    case .node: .node
    case .ingress: .ingress
    }
  }
}
