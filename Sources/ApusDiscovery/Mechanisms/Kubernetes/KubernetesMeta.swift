internal import ApusModel

/// What all objects have.
struct KubernetesMeta: Sendable, Equatable {
  struct Owner: Sendable, Equatable {
    let kind: String
    let name: String
  }

  let name: String
  /// Empty for objects of the cluster.
  let namespace: String
  let uid: String
  let labels: [String: String]
  let annotations: [String: String]
  /// Who made it and looks after it.
  let controller: Owner?

  init(_ object: JSONTree) {
    let meta = object["metadata"]
    name = meta["name"].text
    namespace = meta["namespace"].text
    uid = meta["uid"].text
    labels = meta["labels"].textMembers
    annotations = meta["annotations"].textMembers
    controller = meta["ownerReferences"].items.first { $0["controller"].isTrue }
      .map { Owner(kind: $0["kind"].text, name: $0["name"].text) }
  }

  var key: KubernetesKey { KubernetesKey(namespace: namespace, name: name) }

  /// Name, labels and annotations, as labels of a role.
  func add(to builder: inout LabelsBuilder, role: String) {
    let prefix = "__meta_kubernetes_\(role)_"
    builder.set("\(prefix)name", name)
    builder.setPresent(labels, prefix: prefix, kind: "label")
    builder.setPresent(annotations, prefix: prefix, kind: "annotation")
  }

  /// The same without the name, for namespaces, whose name is a label already.
  func addPairs(to builder: inout LabelsBuilder, role: String) {
    let prefix = "__meta_kubernetes_\(role)_"
    builder.setPresent(labels, prefix: prefix, kind: "label")
    builder.setPresent(annotations, prefix: prefix, kind: "annotation")
  }
}

/// Names an object among those of its kind.
struct KubernetesKey: Sendable, Hashable {
  let namespace: String
  let name: String

  /// `namespace/name`, or the name of an object of the cluster.
  var text: String { namespace.isEmpty ? name : "\(namespace)/\(name)" }
}
