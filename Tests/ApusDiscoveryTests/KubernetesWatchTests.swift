import ApusConfig
import ApusHTTP
import ApusModel
import ApusSystem
import ApusTelemetry
import ApusTesting
import Synchronization
import Testing

@testable import ApusDiscovery

struct KubernetesWatchTests {
  /// An API server: lists and watches are answered in turn, by path.
  private func server(
    _ replies: [String: [LocalServer.Reply]]
  ) async throws -> LocalServer {
    let left = Mutex(replies)
    return try await LocalServer { request in
      let path = String(request.target.prefix { $0 != "?" })
      let key = (request.target.contains("watch=true") ? "watch " : "list ") + path
      return left.withLock { left in
        guard let next = left[key]?.first else { return .stall(after: []) }
        left[key]?.removeFirst()
        return next
      }
    }
  }

  private func list(_ items: [String], version: Int, next: String = "") -> LocalServer.Reply {
    .answer(
      body: Array(
        """
        {"kind": "List", "metadata": {"resourceVersion": "\(version)", "continue": "\(next)"},
         "items": [\(items.joined(separator: ","))]}
        """.utf8))
  }

  private func node(_ name: String, version: Int = 1, ip: String = "10.0.0.1") -> String {
    """
    {"metadata": {"name": "\(name)", "resourceVersion": "\(version)"}, "status": \
    {"addresses": [{"type": "InternalIP", "address": "\(ip)"}], \
    "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}}}}
    """
  }

  private func event(_ type: String, _ object: String) -> String {
    "{\"type\": \"\(type)\", \"object\": \(object)}\n"
  }

  private let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n"

  /// Events, after which the server ends the watch.
  private func ended(_ events: String...) -> LocalServer.Reply {
    .raw(Array((head + events.joined()).utf8))
  }

  /// Events, after which nothing comes for now.
  private func open(_ events: String...) -> LocalServer.Reply {
    .stall(after: Array((head + events.joined()).utf8))
  }

  private func yaml(_ server: LocalServer, _ role: String, _ more: String...) -> String {
    (["kubernetes_sd_configs:", "  - api_server: \(server.url)", "    role: \(role)"]
      + more.map { "    \($0)" }).joined(separator: "\n")
  }

  /// The addresses of all sources after each update, until `count` updates came.
  private func updates(
    _ harness: DiscoveryHarness, _ yaml: String, count: Int
  ) async throws -> [[String]] {
    try await harness.run(try harness.discoverer(yaml)) { iterator in
      var merge = GroupMerge()
      var seen: [[String]] = []
      while seen.count < count, let update = await iterator.next() {
        // One event may come with the one before it.
        if merge.update(update) { seen.append(merge.groups.flatMap(\.addresses)) }
      }
      return seen
    }
  }

  @Test func `objects are listed in pages, then changes are watched from there`() async throws {
    let server = try await server([
      "list /api/v1/nodes": [
        list([node("a")], version: 5, next: "more"), list([node("b", ip: "10.0.0.2")], version: 7),
      ],
      "watch /api/v1/nodes": [
        open(event("ADDED", node("c", version: 8, ip: "10.0.0.3")))
      ],
    ])
    let harness = DiscoveryHarness()
    let seen = try await updates(
      harness,
      yaml(
        server, "node", "authorization: {credentials: tok}",
        "selectors: [{role: node, label: 'a=b', field: 'metadata.name!=x'}]"), count: 2)
    #expect(seen.last == ["10.0.0.1:10250", "10.0.0.2:10250", "10.0.0.3:10250"])
    let targets = server.requests.map(\.target)
    let selectors = "labelSelector=a%3Db&fieldSelector=metadata.name%21%3Dx"
    #expect(targets[0] == "/api/v1/nodes?\(selectors)&limit=500")
    #expect(targets[1] == "/api/v1/nodes?\(selectors)&limit=500&continue=more")
    #expect(
      targets[2].hasPrefix(
        "/api/v1/nodes?\(selectors)&watch=true&allowWatchBookmarks=true&resourceVersion=7"
          + "&timeoutSeconds="))
    #expect(server.requests.allSatisfy { $0.headers["authorization"] == "Bearer tok" })
  }

  @Test func `a watch that ends goes on from the last event or bookmark, without a new list`()
    async throws
  {
    let server = try await server([
      "list /api/v1/nodes": [list([node("a")], version: 7)],
      "watch /api/v1/nodes": [
        ended(event("MODIFIED", node("a", version: 9, ip: "10.0.0.9"))),
        ended(event("BOOKMARK", #"{"metadata": {"resourceVersion": "30"}}"#)),
        .hangUp,
        .answer(status: 500, body: Array("etcd is away".utf8)),
        // Cut off in the middle of an event.
        ended(event("DELETED", node("a", version: 31)), #"{"type": "ADD"#),
        open(event("ADDED", node("z", version: 40, ip: "10.0.0.40"))),
      ],
    ])
    let harness = DiscoveryHarness()
    let seen = try await updates(harness, yaml(server, "node"), count: 4)
    #expect(seen == [["10.0.0.1:10250"], ["10.0.0.9:10250"], [], ["10.0.0.40:10250"]])
    let versions = server.requests.compactMap { request in
      request.target.split(separator: "&").first { $0.hasPrefix("resourceVersion=") }
    }
    #expect(
      versions.map { $0.dropFirst("resourceVersion=".count) } == ["7", "9", "30", "30", "30", "31"])
    #expect(server.requests.filter { !$0.target.contains("watch=") }.count == 1)
    #expect(value("prometheus_sd_kubernetes_failures_total", harness.registry) == 2)
  }

  @Test(arguments: [true, false])
  func `when the cluster has forgotten the state, all is listed again and what is gone is gone`(
    byStatus: Bool
  ) async throws {
    let expired = #"{"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}"#
    let server = try await server([
      "list /api/v1/nodes": [
        list([node("a"), node("b", ip: "10.0.0.2")], version: 7),
        list([node("b", ip: "10.0.0.2"), node("c", ip: "10.0.0.3")], version: 70),
      ],
      "watch /api/v1/nodes": [
        byStatus
          ? .answer(status: 410, body: Array(expired.utf8)) : ended(event("ERROR", expired)),
        open(),
      ],
    ])
    let harness = DiscoveryHarness()
    let seen = try await updates(harness, yaml(server, "node"), count: 2)
    #expect(seen.last == ["10.0.0.2:10250", "10.0.0.3:10250"])
    #expect(value("prometheus_sd_kubernetes_failures_total", harness.registry) == 1)
    let events = harness.registry.snapshot()
      .first { $0.name == "prometheus_sd_kubernetes_events_total" }?.points
      .filter { $0.labels[0].value == "node" && $0.value > 0 }
      .map { "\($0.labels[1].value) \(Int($0.value))" }
    #expect(events == ["add 3", "delete 1", "update 1"])
  }

  @Test func `lists that fail or are nonsense are asked for again, and nothing is told before`()
    async throws
  {
    let server = try await server([
      "list /api/v1/nodes": [
        .answer(status: 403, body: Array("forbidden".utf8)), .answer(body: Array("[]".utf8)),
        .answer(body: Array(#"{"items": {}}"#.utf8)), .answer(body: Array("{".utf8)),
        list([], version: 3),
      ],
      "watch /api/v1/nodes": [
        ended("no JSON\n"), ended(event("ODD", "{}")),
        open(event("ADDED", node("a", version: 4))),
      ],
    ])
    let harness = DiscoveryHarness()
    let seen = try await updates(harness, yaml(server, "node"), count: 1)
    #expect(seen == [["10.0.0.1:10250"]])
    #expect(value("prometheus_sd_kubernetes_failures_total", harness.registry) == 6)
  }

  @Test func `an event without an end is refused, and what was known stays`() async throws {
    let start = Array((head + "{\"type\": \"").utf8)
    let server = try await server([
      "list /api/v1/nodes": [list([node("a")], version: 7)],
      "watch /api/v1/nodes": [
        .endless(start: start, more: [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)),
        open(event("ADDED", node("b", version: 8, ip: "10.0.0.2"))),
      ],
    ])
    let harness = DiscoveryHarness()
    let seen = try await updates(harness, yaml(server, "node"), count: 2)
    #expect(seen == [["10.0.0.1:10250"], ["10.0.0.1:10250", "10.0.0.2:10250"]])
  }

  @Test func `named namespaces are watched each`() async throws {
    func service(_ namespace: String) -> String {
      """
      {"metadata": {"name": "s", "namespace": "\(namespace)"}, \
      "spec": {"type": "ClusterIP", "clusterIP": "1.1.1.1", "ports": [{"port": 80}]}}
      """
    }
    let server = try await server([
      "list /api/v1/namespaces/one/services": [list([service("one")], version: 1)],
      "list /api/v1/namespaces/two/services": [list([service("two")], version: 1)],
    ])
    let harness = DiscoveryHarness()
    let seen = try await updates(
      harness, yaml(server, "service", "namespaces: {names: [one, two]}"), count: 1)
    #expect(seen == [["s.one.svc:80", "s.two.svc:80"]])
  }

  @Test func `a list of one namespace takes nothing away from another`() async throws {
    let config = KubernetesDiscoveryConfig(role: .pod)
    let one = KubernetesStore.Part(resource: .pod, namespace: "one")
    let two = KubernetesStore.Part(resource: .pod, namespace: "two")
    let store = KubernetesStore(
      config, parts: [one, two], metrics: DiscoveryHarness().metrics.kubernetes)
    func pod(_ namespace: String) throws -> JSONTree {
      try JSONTree.parse(
        Array("{\"metadata\": {\"name\": \"p\", \"namespace\": \"\(namespace)\"}}".utf8))
    }
    await store.replace(one, [try pod("one")])
    await store.replace(two, [try pod("two")])
    #expect(await store.takeChanges().map(\.source) == ["pod/one/p", "pod/two/p"])
    await store.replace(one, [])
    #expect(await store.takeChanges().map(\.source) == ["pod/one/p"])
  }

  @Test func `in a cluster the service account is used`() async throws {
    let api = RecordedAPI([:])
    var harness = DiscoveryHarness()
    harness.fetchers = api
    let files = harness.files
    let account = "/var/run/secrets/kubernetes.io/serviceaccount"
    try files.makeDirectory(account)
    try files.write("\(account)/namespace", Array("mine\n".utf8))
    let yaml = """
      kubernetes_sd_configs:
        - role: pod
          namespaces: {own_namespace: true, names: [other, mine]}
      """
    // Outside of a cluster there is nothing to start.
    #expect(throws: TargetSourceError.self) { try harness.discoverer(yaml) }
    harness.environment = [
      "KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443",
    ]
    guard case .other(.kubernetes(let config)) = try harness.mechanism(yaml) else {
      Issue.record("no kubernetes")
      return
    }
    let environment = harness.environment
    let access = try KubernetesAccess(config, files: files, environment: { environment[$0] })
    #expect(access.base == "https://[fd00::1]:443")
    #expect(access.client.authorization?.credentialsFile == "\(account)/token")
    #expect(access.client.tls.caFile == "\(account)/ca.crt")
    #expect(access.namespaces == ["other", "mine"])
  }

  @Test func `a kubeconfig file names server, certificates and token`() throws {
    let harness = DiscoveryHarness()
    try harness.files.makeDirectory("k")
    try harness.files.write(
      "k/config",
      Array(
        """
        apiVersion: v1
        kind: Config
        current-context: two
        contexts:
          - name: one
            context: {cluster: x, user: x}
          - name: two
            context: {cluster: c, user: u}
        clusters:
          - name: c
            cluster:
              {server: 'https://api:6443/', certificate-authority-data: Q0E=, tls-server-name: n}
        users:
          - name: u
            user: {client-certificate: c.pem, client-key-data: S0VZ, token: tok}
          - name: x
            user: {exec: {command: aws}}
        """.utf8))
    guard
      case .other(.kubernetes(let config)) = try harness.mechanism(
        "kubernetes_sd_configs:\n  - {role: node, kubeconfig_file: k/config}")
    else {
      Issue.record("no kubernetes")
      return
    }
    let access = try KubernetesAccess(config, files: harness.files, environment: { _ in nil })
    #expect(access.base == "https://api:6443")
    #expect(access.client.tls.ca == "CA")
    #expect(access.client.tls.serverName == "n")
    #expect(access.client.tls.certificateFile == "k/c.pem")
    #expect(access.client.tls.key.text == "KEY")
    #expect(access.client.authorization?.credentials.text == "tok")
    let text = try harness.files.readText("k/config")
    try harness.files.write(
      "k/config", Array(text.replacing("user: u}", with: "user: x}").utf8))
    let refusal = #expect(throws: (any Error).self) {
      try KubernetesAccess(config, files: harness.files, environment: { _ in nil })
    }
    #expect("\(refusal.map { "\($0)" } ?? "")".contains("users with exec are not supported"))
  }
}

extension KubernetesStore {
  /// All objects of a part, in one page.
  func replace(_ part: Part, _ all: [JSONTree]) { finish(part, take(part, all)) }
}
