internal import ApusConfig
internal import ApusModel

/// The target group of an object of a role, from all that is known of the cluster.
struct KubernetesGroups: Sendable {
  let role: KubernetesDiscoveryConfig.Role
  let attached: KubernetesDiscoveryConfig.AttachedMetadata

  /// An empty group where there is no such object.
  func group(_ key: KubernetesKey, _ objects: KubernetesObjects) -> TargetGroup {
    let found: TargetGroup? =
      switch role {
      case .pod: objects.pods[key].map { group($0, objects) }
      case .service: objects.services[key].map { group($0, objects) }
      case .endpoints: objects.endpoints[key].map { group($0, objects) }
      case .endpointslice: objects.slices[key].map { group($0, objects) }
      case .ingress: objects.ingresses[key].map { group($0, objects) }
      case .node: objects.nodes[key.name]?.group
      }
    return found ?? TargetGroup(source: source(key), targets: [], labels: .empty)
  }

  private func source(_ key: KubernetesKey) -> String {
    "\(role == .service ? "svc" : role.rawValue)/\(key.text)"
  }

  private func group(_ pod: KubernetesPod, _ objects: KubernetesObjects) -> TargetGroup {
    let source = source(pod.meta.key)
    // A pod that is starting or was evicted has no address.
    if pod.ip.isEmpty { return TargetGroup(source: source, targets: [], labels: .empty) }
    var shared = LabelsBuilder()
    add(pod, objects, to: &shared)
    shared.set("__meta_kubernetes_namespace", pod.meta.namespace)
    attachNode(pod.nodeName, objects, to: &shared)
    attachNamespace(pod.meta.namespace, objects, to: &shared)
    let targets = pod.containers.flatMap { container in
      // A container without ports is a target all the same, to be given a port by relabelling.
      let ports: [KubernetesPod.Port?] = container.ports.isEmpty ? [nil] : container.ports
      return ports.map { port in
        var own = LabelsBuilder()
        let bare = IPAddressText.isV6(pod.ip) ? "[\(pod.ip)]" : pod.ip
        own.set(
          LabelNames.address, port.map { MetaLabels.address(pod.ip, $0.number) } ?? bare)
        KubernetesPod.add(container, port, to: &own)
        own.set("__meta_kubernetes_pod_container_id", container.id)
        return own.labels()
      }
    }
    return TargetGroup(source: source, targets: targets, labels: shared.labels())
  }

  private func group(_ service: KubernetesService, _ objects: KubernetesObjects) -> TargetGroup {
    var shared = LabelsBuilder()
    service.add(to: &shared)
    attachNamespace(service.meta.namespace, objects, to: &shared)
    return TargetGroup(
      source: source(service.meta.key), targets: service.targets, labels: shared.labels())
  }

  private func group(_ ingress: KubernetesIngress, _ objects: KubernetesObjects) -> TargetGroup {
    let group = ingress.group
    var shared = LabelsBuilder(group.labels)
    attachNamespace(ingress.meta.namespace, objects, to: &shared)
    return TargetGroup(source: group.source, targets: group.targets, labels: shared.labels())
  }

  private func group(
    _ endpoints: KubernetesEndpoints, _ objects: KubernetesObjects
  ) -> TargetGroup {
    var shared = LabelsBuilder()
    shared.set("__meta_kubernetes_namespace", endpoints.meta.namespace)
    objects.services[endpoints.meta.key]?.add(to: &shared)
    endpoints.meta.add(to: &shared, role: "endpoints")
    attachNamespace(endpoints.meta.namespace, objects, to: &shared)
    var targets: [Labels] = []
    var seen: [KubernetesKey: Set<Int64>] = [:]
    for subset in endpoints.subsets {
      for port in subset.ports {
        for address in subset.addresses {
          var own = LabelsBuilder()
          own.set(LabelNames.address, MetaLabels.address(address.ip, port.number))
          own.set("__meta_kubernetes_endpoint_port_name", port.name)
          own.set("__meta_kubernetes_endpoint_port_protocol", port.transport)
          own.set("__meta_kubernetes_endpoint_ready", "\(address.isReady)")
          if let target = address.target {
            own.set("__meta_kubernetes_endpoint_address_target_kind", target.kind)
            own.set("__meta_kubernetes_endpoint_address_target_name", target.key.name)
          }
          own.set("__meta_kubernetes_endpoint_node_name", address.nodeName)
          own.set("__meta_kubernetes_endpoint_hostname", address.hostname)
          attachNode(address.nodeName, objects, to: &own)
          addPod(address.target, port.number, objects, &seen, to: &own)
          targets.append(own.labels())
        }
      }
    }
    targets += uncovered(seen, objects)
    return TargetGroup(
      source: source(endpoints.meta.key), targets: targets, labels: shared.labels())
  }

  private func group(_ slice: KubernetesSlice, _ objects: KubernetesObjects) -> TargetGroup {
    var shared = LabelsBuilder()
    shared.set("__meta_kubernetes_namespace", slice.meta.namespace)
    shared.set("__meta_kubernetes_endpointslice_address_type", slice.addressType)
    slice.meta.add(to: &shared, role: "endpointslice")
    slice.service.flatMap { objects.services[$0] }?.add(to: &shared)
    attachNamespace(slice.meta.namespace, objects, to: &shared)
    var targets: [Labels] = []
    var seen: [KubernetesKey: Set<Int64>] = [:]
    for endpoint in slice.endpoints {
      for port in slice.ports {
        for address in endpoint.addresses {
          var own = LabelsBuilder()
          own.set(
            LabelNames.address, port.number.map { MetaLabels.address(address, $0) } ?? address)
          endpoint.add(to: &own)
          port.add(to: &own)
          attachNode(endpoint.node, objects, to: &own)
          addPod(endpoint.target, port.number, objects, &seen, to: &own)
          targets.append(own.labels())
        }
      }
    }
    targets += uncovered(seen, objects)
    return TargetGroup(
      source: source(slice.meta.key), targets: targets, labels: shared.labels())
  }
}

extension KubernetesGroups {
  /// Labels of a pod, and of whoever looks after its controller.
  private func add(
    _ pod: KubernetesPod, _ objects: KubernetesObjects, to builder: inout LabelsBuilder
  ) {
    pod.add(to: &builder)
    guard let controller = pod.meta.controller else { return }
    let key = KubernetesKey(namespace: pod.meta.namespace, name: controller.name)
    let prefix = "__meta_kubernetes_pod_"
    switch controller.kind {
    case "ReplicaSet":
      guard attached.deployment, let owner = objects.replicaSets[key]?.controller,
        owner.kind == "Deployment"
      else { return }
      builder.set("\(prefix)deployment_name", owner.name)
    case "Job":
      if attached.job { builder.set("\(prefix)job_name", controller.name) }
      guard attached.cronJob, let owner = objects.jobs[key]?.controller, owner.kind == "CronJob"
      else { return }
      builder.set("\(prefix)cronjob_name", owner.name)
    default: return
    }
  }

  private func attachNode(
    _ name: String, _ objects: KubernetesObjects, to builder: inout LabelsBuilder
  ) {
    if attached.node { objects.nodes[name]?.meta.add(to: &builder, role: "node") }
  }

  private func attachNamespace(
    _ name: String, _ objects: KubernetesObjects, to builder: inout LabelsBuilder
  ) {
    guard attached.namespace else { return }
    objects.namespaces[name]?.addPairs(to: &builder, role: "namespace")
  }

  /// Labels of the pod behind an endpoint, and of its container that has the port.
  private func addPod(
    _ target: KubernetesReference?, _ port: Int64?, _ objects: KubernetesObjects,
    _ seen: inout [KubernetesKey: Set<Int64>], to builder: inout LabelsBuilder
  ) {
    guard let target, target.kind == "Pod", let pod = objects.pods[target.key] else { return }
    add(pod, objects, to: &builder)
    seen[target.key, default: []].formUnion(port.map { [$0] } ?? [])
    for container in pod.containers {
      guard let known = container.ports.first(where: { $0.number == port }) else { continue }
      KubernetesPod.add(container, known, to: &builder)
    }
  }

  /// Targets for ports of the pods that no endpoint names.
  private func uncovered(
    _ seen: [KubernetesKey: Set<Int64>], _ objects: KubernetesObjects
  ) -> [Labels] {
    seen.sorted { $0.key.text < $1.key.text }.flatMap { key, ports -> [Labels] in
      guard let pod = objects.pods[key], !pod.ip.isEmpty else { return [] }
      return pod.containers.flatMap { container in
        container.ports.filter { !ports.contains($0.number) }.map { port in
          var own = LabelsBuilder()
          own.set(LabelNames.address, MetaLabels.address(pod.ip, port.number))
          KubernetesPod.add(container, port, to: &own)
          add(pod, objects, to: &own)
          return own.labels()
        }
      }
    }
  }
}

extension KubernetesSlice.Endpoint {
  fileprivate func add(to builder: inout LabelsBuilder) {
    let prefix = "__meta_kubernetes_endpointslice_"
    for name in ["ready", "serving", "terminating"] {
      if let flag = conditions[name] {
        builder.set("\(prefix)endpoint_conditions_\(name)", "\(flag)")
      }
    }
    builder.set("\(prefix)endpoint_hostname", hostname)
    builder.set("\(prefix)endpoint_node_name", nodeName)
    builder.set("\(prefix)endpoint_zone", zone)
    if let target {
      builder.set("\(prefix)address_target_kind", target.kind)
      builder.set("\(prefix)address_target_name", target.key.name)
    }
    for (name, value) in topology.sorted(by: { $0.key < $1.key }) {
      let name = MetaLabels.name(name)
      builder.set("\(prefix)endpoint_topology_\(name)", value)
      builder.set("\(prefix)endpoint_topology_present_\(name)", "true")
    }
  }
}

extension KubernetesSlice.Port {
  fileprivate func add(to builder: inout LabelsBuilder) {
    let prefix = "__meta_kubernetes_endpointslice_port"
    builder.set("\(prefix)_name", name)
    builder.set("\(prefix)_protocol", transport)
    builder.set("\(prefix)_app_protocol", application)
    if let number { builder.set(prefix, "\(number)") }
  }
}
