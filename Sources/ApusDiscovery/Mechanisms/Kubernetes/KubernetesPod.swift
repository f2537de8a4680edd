internal import ApusModel

/// What discovery uses of a pod.
struct KubernetesPod: Sendable, Equatable {
  struct Port: Sendable, Equatable {
    let name: String
    let number: Int64
    let transport: String
  }

  struct Container: Sendable, Equatable {
    let name: String
    let image: String
    let ports: [Port]
    let id: String
    let isInit: Bool
  }

  let meta: KubernetesMeta
  /// Empty where it has not started or was evicted.
  let ip: String
  let hostIP: String
  let nodeName: String
  let phase: String
  /// `true`, `false` or `unknown`.
  let ready: String
  /// Those that run, then those that ran before them.
  let containers: [Container]

  init(_ object: JSONTree) {
    meta = KubernetesMeta(object)
    let status = object["status"]
    ip = status["podIP"].text
    hostIP = status["hostIP"].text
    nodeName = object["spec"]["nodeName"].text
    phase = status["phase"].text
    ready =
      status["conditions"].items.first { $0["type"].text == "Ready" }
      .map { $0["status"].text.lowercased() } ?? "unknown"
    func containers(_ specs: String, _ statuses: String, isInit: Bool) -> [Container] {
      object["spec"][specs].items.map { spec in
        let name = spec["name"].text
        return Container(
          name: name, image: spec["image"].text,
          ports: spec["ports"].items.map {
            Port(
              name: $0["name"].text, number: $0["containerPort"].integer ?? 0,
              transport: $0["protocol"].text)
          },
          id: status[statuses].items.first { $0["name"].text == name }?["containerID"].text ?? "",
          isInit: isInit)
      }
    }
    self.containers =
      containers("containers", "containerStatuses", isInit: false)
      + containers("initContainers", "initContainerStatuses", isInit: true)
  }

  /// Labels of the pod itself.
  func add(to builder: inout LabelsBuilder) {
    builder.set("__meta_kubernetes_pod_ip", ip)
    builder.set("__meta_kubernetes_pod_ready", ready)
    builder.set("__meta_kubernetes_pod_phase", phase)
    builder.set("__meta_kubernetes_pod_node_name", nodeName)
    builder.set("__meta_kubernetes_pod_host_ip", hostIP)
    builder.set("__meta_kubernetes_pod_uid", meta.uid)
    meta.add(to: &builder, role: "pod")
    if let controller = meta.controller {
      builder.set("__meta_kubernetes_pod_controller_kind", controller.kind)
      builder.set("__meta_kubernetes_pod_controller_name", controller.name)
    }
  }

  /// Labels of a container and one of its ports.
  static func add(_ container: Container, _ port: Port?, to builder: inout LabelsBuilder) {
    builder.set("__meta_kubernetes_pod_container_name", container.name)
    builder.set("__meta_kubernetes_pod_container_image", container.image)
    builder.set("__meta_kubernetes_pod_container_init", "\(container.isInit)")
    guard let port else { return }
    builder.set("__meta_kubernetes_pod_container_port_name", port.name)
    builder.set("__meta_kubernetes_pod_container_port_number", "\(port.number)")
    builder.set("__meta_kubernetes_pod_container_port_protocol", port.transport)
  }
}
