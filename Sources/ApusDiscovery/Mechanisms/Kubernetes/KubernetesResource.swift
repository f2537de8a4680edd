/// A kind of objects, and where the API has them.
enum KubernetesResource: String, Sendable, CaseIterable {
  case pod, service, endpoints, endpointslice, ingress, node, namespace, replicaset, job

  /// The path of all objects, or of those of one namespace.
  func path(namespace: String) -> String {
    let plural =
      rawValue.hasSuffix("s") ? (self == .ingress ? "ingresses" : rawValue) : "\(rawValue)s"
    return namespace.isEmpty || !isNamespaced
      ? "\(group)/\(plural)" : "\(group)/namespaces/\(namespace)/\(plural)"
  }

  var isNamespaced: Bool { self != .node && self != .namespace }

  private var group: String {
    switch self {
    case .endpointslice: "/apis/discovery.k8s.io/v1"
    case .ingress: "/apis/networking.k8s.io/v1"
    case .replicaset: "/apis/apps/v1"
    case .job: "/apis/batch/v1"
    default: "/api/v1"
    }
  }
}
