import ApusModel
import ApusTesting
import Synchronization
import Testing

@testable import ApusDiscovery

struct ConsulTests {
  private let instances = """
    [{"Node": {"Node": "n1", "Address": "10.0.0.1", "Datacenter": "dc1",
        "Meta": {"rack-no": "7"}, "TaggedAddresses": {"lan": "10.0.0.1", "wan": "1.2.3.4"}},
      "Service": {"ID": "web-1", "Service": "web", "Address": "10.9.9.9", "Port": 8080,
        "Tags": ["a", "b"], "Meta": {"version": "2"}, "Namespace": "ns", "Partition": "part"},
      "Checks": [{"CheckID": "c", "Status": "passing"}, {"CheckID": "d", "Status": "warning"}]},
     {"Node": {"Node": "n2", "Address": "fd00::2"},
      "Service": {"ID": "web-2", "Service": "web", "Address": "", "Port": 81, "Tags": null},
      "Checks": []}]
    """

  /// Answers as an agent does: path to body, with an index that the test sets.
  private func server(
    _ reply: @escaping @Sendable (LocalServer.Request, Int) -> LocalServer.Reply
  ) async throws -> LocalServer {
    let counts = Mutex<[String: Int]>([:])
    return try await LocalServer { request in
      let path = String(request.target.prefix { $0 != "?" })
      let count = counts.withLock { counts in
        counts[path, default: 0] += 1
        return counts[path] ?? 0
      }
      return reply(request, count)
    }
  }

  private static func answer(_ text: String, index: Int) -> LocalServer.Reply {
    .answer(headers: ["X-Consul-Index": "\(index)"], body: Array(text.utf8))
  }

  @Test func `instances of a named service carry all labels`() async throws {
    let instances = instances
    let server = try await server { request, count in
      if request.target.hasPrefix("/v1/agent/self") {
        return Self.answer(#"{"Config": {"Datacenter": "dc1"}}"#, index: 1)
      }
      return count == 1 ? Self.answer(instances, index: 5) : .stall(after: [])
    }
    let harness = DiscoveryHarness()
    let groups = try await harness.first(
      """
      consul_sd_configs:
        - server: 127.0.0.1:\(server.port)
          token: s3
          services: [web]
          node_meta: {k: v}
          health_filter: Service.Port > 1
      """)
    #expect(groups.map(\.source) == ["web"])
    let all = groups[0].all
    #expect(
      all[0] == [
        "__address__": "10.9.9.9:8080", "__meta_consul_address": "10.0.0.1",
        "__meta_consul_dc": "dc1", "__meta_consul_health": "warning",
        "__meta_consul_metadata_rack_no": "7", "__meta_consul_namespace": "ns",
        "__meta_consul_node": "n1", "__meta_consul_partition": "part",
        "__meta_consul_service": "web", "__meta_consul_service_address": "10.9.9.9",
        "__meta_consul_service_id": "web-1", "__meta_consul_service_metadata_version": "2",
        "__meta_consul_service_port": "8080", "__meta_consul_tagged_address_lan": "10.0.0.1",
        "__meta_consul_tagged_address_wan": "1.2.3.4", "__meta_consul_tags": ",a,b,",
      ])
    #expect(all[1]["__address__"] == "[fd00::2]:81")
    #expect(all[1]["__meta_consul_tags"] == ",,")
    #expect(all[1]["__meta_consul_health"] == "passing")
    let asked = try #require(server.requests.first { $0.target.contains("/health/") })
    #expect(asked.headers["x-consul-token"] == "s3")
    #expect(server.requests.allSatisfy { $0.headers["user-agent"] == "Prometheus/test" })
    #expect(
      asked.target == "/v1/health/service/web?dc=dc1&filter=Service.Port+%3E+1&wait=120000ms"
        + "&node-meta=k%3Av&stale=")
    #expect(server.requests.first?.target == "/v1/agent/self")
  }

  @Test func `the catalog is watched for services that come and go`() async throws {
    let instances = instances
    let server = try await server { request, count in
      if request.target.hasPrefix("/v1/health/") {
        return count == 1 ? Self.answer(instances, index: 9) : .stall(after: [])
      }
      switch count {
      case 1: return Self.answer(#"{"web": ["a"], "other": ["z"], "consul": []}"#, index: 10)
      // The same state again: the watch ran out.
      case 2: return Self.answer(#"{"web": ["a"]}"#, index: 10)
      case 3: return Self.answer(#"{"db": ["a"]}"#, index: 11)
      default: return .stall(after: [])
      }
    }
    let harness = DiscoveryHarness()
    let discoverer = try harness.discoverer(
      """
      consul_sd_configs:
        - server: http://127.0.0.1:\(server.port)/
          datacenter: dc9
          namespace: team
          partition: p1
          filter: ServiceName != "consul"
          allow_stale: false
          tags: [a]
      """)
    let sources = try await harness.run(discoverer) { updates in
      var sources: [String] = []
      while sources.count < 3, let update = await updates.next() {
        sources += update.map { "\($0.source) \($0.targets.count)" }
      }
      return sources
    }
    #expect(sources.sorted() == ["db 2", "web 0", "web 2"])
    let catalog = server.requests.map(\.target).filter { $0.contains("/catalog/") }
    #expect(
      catalog[0] == "/v1/catalog/services?dc=dc9&ns=team&partition=p1"
        + "&filter=ServiceName+%21%3D+%22consul%22&wait=120000ms")
    #expect(catalog[1].contains("&index=10&"))
    #expect(!server.requests.contains { $0.target.contains("/agent/self") })
    #expect(!server.requests.contains { $0.target.contains("/service/other") })
  }

  @Test func `a watch survives hang-ups, refusals, nonsense and an index that goes back`()
    async throws
  {
    let server = try await server { request, count in
      switch count {
      case 1: return .hangUp
      case 2: return .answer(status: 500, body: Array("rpc error".utf8))
      case 3: return Self.answer("{]", index: 3)
      case 4: return Self.answer("{}", index: 3)
      case 5: return Self.answer("[]", index: 100)
      // The servers begin anew.
      case 6: return Self.answer("[]", index: 4)
      case 7: return Self.answer("[]", index: 5)
      default: return .stall(after: [])
      }
    }
    let harness = DiscoveryHarness()
    let discoverer = try harness.discoverer(
      """
      consul_sd_configs:
        - server: 127.0.0.1:\(server.port)
          datacenter: dc1
          services: [web]
      """)
    let count = try await harness.run(discoverer) { updates in
      var count = 0
      while count < 3, await updates.next() != nil { count += 1 }
      return count
    }
    #expect(count == 3)
    #expect(value("prometheus_sd_consul_rpc_failures_total", harness.registry) == 4)
    let indexes = server.requests.map { request in
      request.target.split(separator: "&").first { $0.hasPrefix("index=") }.map(String.init)
    }
    #expect(Array(indexes.prefix(7)) == [nil, nil, nil, nil, nil, "index=100", nil])
  }

  @Test func `indexes that stand still are no news`() {
    var watch = ConsulWatch()
    #expect(watch.isNews(0) == true)
    #expect(watch.isNews(0) == false)
    #expect(watch.isNews(7) == true)
    #expect(watch.index == 7)
    #expect(watch.isNews(7) == false)
    #expect(watch.isNews(3) == true)
    #expect(watch.index == 0)
  }

  @Test(arguments: [
    (#"[{"Status": "passing"}]"#, "passing"),
    (#"[{"Status": "warning"}, {"Status": "critical"}, {"Status": "passing"}]"#, "critical"),
    (#"[{"CheckID": "_node_maintenance", "Status": "critical"}]"#, "maintenance"),
    (#"[{"CheckID": "_service_maintenance:web", "Status": "critical"}]"#, "maintenance"),
    (#"[{"Status": "odd"}]"#, ""),
  ])
  func `the health of an instance is that of its worst check`(checks: String, health: String) throws
  {
    let tree = try JSONTree.parse(Array(checks.utf8))
    #expect(ConsulInstances.health(tree.items) == health)
  }
}
