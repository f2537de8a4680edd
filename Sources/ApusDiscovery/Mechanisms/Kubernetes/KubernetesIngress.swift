internal import ApusModel

/// What discovery uses of an ingress.
struct KubernetesIngress: Sendable, Equatable {
  struct Rule: Sendable, Equatable {
    let host: String
    let paths: [String]
  }

  let meta: KubernetesMeta
  let className: String
  let rules: [Rule]
  /// For which there are certificates; `*.example.org` for all names directly below.
  let tlsHosts: [String]

  init(_ object: JSONTree) {
    meta = KubernetesMeta(object)
    let spec = object["spec"]
    className = spec["ingressClassName"].text
    rules = spec["rules"].items.map { rule in
      let paths = rule["http"]["paths"].items.map { $0["path"].text }
      return Rule(
        host: rule["host"].text,
        paths: rule["http"].isNull ? ["/"] : paths.map { $0.isEmpty ? "/" : $0 })
    }
    tlsHosts = spec["tls"].items.flatMap { $0["hosts"].texts }
  }

  var group: TargetGroup {
    var shared = LabelsBuilder()
    meta.add(to: &shared, role: "ingress")
    shared.set("__meta_kubernetes_namespace", meta.namespace)
    shared.set("__meta_kubernetes_ingress_class_name", className)
    let targets = rules.flatMap { rule in
      rule.paths.map { path in
        Labels([
          Label(LabelNames.address, rule.host),
          Label("__meta_kubernetes_ingress_scheme", scheme(of: rule.host)),
          Label("__meta_kubernetes_ingress_host", rule.host),
          Label("__meta_kubernetes_ingress_path", path),
        ])
      }
    }
    return TargetGroup(
      source: "ingress/\(meta.key.text)", targets: targets, labels: shared.labels())
  }

  private func scheme(of host: String) -> String {
    tlsHosts.contains { Self.matches($0, host) } ? "https" : "http"
  }

  /// A star stands for one whole label at the front.
  private static func matches(_ pattern: String, _ host: String) -> Bool {
    if pattern == host { return true }
    let wanted = pattern.split(separator: ".", omittingEmptySubsequences: false)
    let given = host.split(separator: ".", omittingEmptySubsequences: false)
    return wanted.first == "*" && wanted.count == given.count
      && wanted.dropFirst() == given.dropFirst()
  }
}
