internal import ApusModel

/// An object that something else runs behind.
struct KubernetesReference: Sendable, Equatable {
  let kind: String
  let key: KubernetesKey

  init?(_ object: JSONTree) {
    guard !object.isNull else { return nil }
    kind = object["kind"].text
    key = KubernetesKey(namespace: object["namespace"].text, name: object["name"].text)
  }
}

/// What discovery uses of the endpoints of a service.
struct KubernetesEndpoints: Sendable, Equatable {
  struct Address: Sendable, Equatable {
    let ip: String
    let hostname: String
    let nodeName: String
    let target: KubernetesReference?
    let isReady: Bool
  }

  struct Port: Sendable, Equatable {
    let name: String
    let number: Int64
    let transport: String
  }

  struct Subset: Sendable, Equatable {
    let addresses: [Address]
    let ports: [Port]
  }

  let meta: KubernetesMeta
  let subsets: [Subset]

  init(_ object: JSONTree) {
    meta = KubernetesMeta(object)
    subsets = object["subsets"].items.map { subset in
      func addresses(_ list: String, isReady: Bool) -> [Address] {
        subset[list].items.map {
          Address(
            ip: $0["ip"].text, hostname: $0["hostname"].text, nodeName: $0["nodeName"].text,
            target: KubernetesReference($0["targetRef"]), isReady: isReady)
        }
      }
      return Subset(
        addresses: addresses("addresses", isReady: true)
          + addresses("notReadyAddresses", isReady: false),
        ports: subset["ports"].items.map {
          Port(
            name: $0["name"].text, number: $0["port"].integer ?? 0,
            transport: $0["protocol"].text)
        })
    }
  }

  /// Whether something of it runs on a node.
  func isOn(_ node: String) -> Bool {
    subsets.contains { $0.addresses.contains { $0.nodeName == node } }
  }

  func refers(to pod: KubernetesKey) -> Bool {
    subsets.contains { $0.addresses.contains { $0.target?.kind == "Pod" && $0.target?.key == pod } }
  }
}

/// What discovery uses of an endpoint slice.
struct KubernetesSlice: Sendable, Equatable {
  struct Endpoint: Sendable, Equatable {
    let addresses: [String]
    /// `ready`, `serving` and `terminating`, where they are told.
    let conditions: [String: Bool]
    let hostname: String
    let nodeName: String
    let zone: String
    let target: KubernetesReference?
    let topology: [String: String]

    /// Where it runs, or what it is.
    var node: String { target?.kind == "Node" ? target?.key.name ?? "" : nodeName }
  }

  struct Port: Sendable, Equatable {
    let name: String
    let number: Int64?
    let transport: String
    let application: String
  }

  let meta: KubernetesMeta
  let addressType: String
  let endpoints: [Endpoint]
  let ports: [Port]

  init(_ object: JSONTree) {
    meta = KubernetesMeta(object)
    addressType = object["addressType"].text
    endpoints = object["endpoints"].items.map { endpoint in
      Endpoint(
        addresses: endpoint["addresses"].texts,
        conditions: endpoint["conditions"].members.compactMapValues(\.optionalBool),
        hostname: endpoint["hostname"].text, nodeName: endpoint["nodeName"].text,
        zone: endpoint["zone"].text, target: KubernetesReference(endpoint["targetRef"]),
        topology: endpoint["deprecatedTopology"].textMembers)
    }
    ports = object["ports"].items.map {
      Port(
        name: $0["name"].text, number: $0["port"].integer, transport: $0["protocol"].text,
        application: $0["appProtocol"].text)
    }
  }

  /// The service that it belongs to.
  var service: KubernetesKey? {
    meta.labels["kubernetes.io/service-name"]
      .map { KubernetesKey(namespace: meta.namespace, name: $0) }
  }

  func isOn(_ node: String) -> Bool { endpoints.contains { $0.node == node } }

  func refers(to pod: KubernetesKey) -> Bool {
    endpoints.contains { $0.target?.kind == "Pod" && $0.target?.key == pod }
  }
}
