internal import ApusModel

/// What discovery uses of a service.
struct KubernetesService: Sendable, Equatable {
  struct Port: Sendable, Equatable {
    let name: String
    let number: Int64
    let transport: String
  }

  let meta: KubernetesMeta
  let type: String
  let clusterIP: String
  let externalName: String
  let loadBalancerIP: String
  let ports: [Port]

  init(_ object: JSONTree) {
    meta = KubernetesMeta(object)
    let spec = object["spec"]
    type = spec["type"].text
    clusterIP = spec["clusterIP"].text
    externalName = spec["externalName"].text
    loadBalancerIP = spec["loadBalancerIP"].text
    ports = spec["ports"].items.map {
      Port(
        name: $0["name"].text, number: $0["port"].integer ?? 0,
        transport: $0["protocol"].text)
    }
  }

  /// Labels of the service itself.
  func add(to builder: inout LabelsBuilder) {
    builder.set("__meta_kubernetes_namespace", meta.namespace)
    meta.add(to: &builder, role: "service")
  }

  /// One for each port, by the service's name in the cluster's DNS.
  var targets: [Labels] {
    ports.map { port in
      var labels = LabelsBuilder()
      labels.set(
        LabelNames.address, MetaLabels.address("\(meta.name).\(meta.namespace).svc", port.number))
      labels.set("__meta_kubernetes_service_port_name", port.name)
      labels.set("__meta_kubernetes_service_port_number", "\(port.number)")
      labels.set("__meta_kubernetes_service_port_protocol", port.transport)
      labels.set("__meta_kubernetes_service_type", type)
      if type == "ExternalName" {
        labels.set("__meta_kubernetes_service_external_name", externalName)
      } else {
        labels.set("__meta_kubernetes_service_cluster_ip", clusterIP)
      }
      if type == "LoadBalancer" {
        labels.set("__meta_kubernetes_service_loadbalancer_ip", loadBalancerIP)
      }
      return labels.labels()
    }
  }
}
