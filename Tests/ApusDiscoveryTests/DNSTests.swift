import ApusConfig
import ApusModel
import ApusSystem
import ApusTelemetry
import ApusTesting
import Testing

@testable import ApusDiscovery

struct DNSTests {
  @Test func `resolv conf is read as the C library reads it`() {
    let config = ResolverConfig(
      """
      # comment
      nameserver 10.0.0.1
      ; other
      nameserver ::1
      domain gone.example
      search a.example b.example.
      options edns0 ndots:2
      """)
    #expect(config.servers == ["10.0.0.1", "::1"])
    #expect(config.names(for: "x") == ["x.a.example.", "x.b.example.", "x."])
    #expect(config.names(for: "x.y.z") == ["x.y.z.", "x.y.z.a.example.", "x.y.z.b.example."])
    #expect(config.names(for: "x.y.") == ["x.y."])
    #expect(ResolverConfig("").names(for: "x.y") == ["x.y."])
  }

  @Test func `addresses of IPv6 are written in their shortest form`() {
    func text(_ groups: [UInt8]) -> String { IPAddressText.v6(groups[...]) }
    #expect(text([UInt8](repeating: 0, count: 15) + [1]) == "::1")
    #expect(text([0x20, 1, 0x0d, 0xb8] + [UInt8](repeating: 0, count: 11) + [9]) == "2001:db8::9")
    #expect(text([UInt8](repeating: 0, count: 16)) == "::")
    #expect(
      text([0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 3, 0, 4, 0, 5]) == "1:0:2::3:4:5")
    #expect(
      text([UInt8](repeating: 0, count: 10) + [0xFF, 0xFF, 10, 0, 0, 1]) == "10.0.0.1")
  }

  @Test func `names with pointers are followed, and never around`() throws {
    let answer = DNSAnswer(id: 7).srv("s.example", target: "host.example", port: 80)
    let message = try DNSMessage(answer.bytes)
    #expect(message.answers == [.srv(target: "host.example.", port: 80)])
    // A name that points at itself.
    let around = DNSAnswer(id: 7).bytes[..<4] + [0, 0, 0, 1, 0, 0, 0, 0, 0xC0, 12]
    #expect(throws: DNSMessage.Malformed.self) { try DNSMessage(Array(around)) }
  }

  @Test func `an answer that is cut at any byte is refused, or one that was cut off by its sender`()
  {
    let whole = DNSAnswer(id: 7).a("x.example", [10, 0, 0, 1]).srv("x", target: "y", port: 1).bytes
    for count in 0..<whole.count {
      #expect(throws: DNSMessage.Malformed.self) { try DNSMessage(Array(whole[..<count])) }
    }
  }

  @Test func `a name that cannot be asked for is none`() {
    for name in [String(repeating: "a", count: 64), "a..b", String(repeating: "a.", count: 130)] {
      #expect(DNSMessage.question(id: 1, name: name, kind: .a, datagramBytesMax: 0) == nil)
    }
    #expect(DNSMessage.question(id: 1, name: "a.b.", kind: .a, datagramBytesMax: 0)?.count == 21)
  }

  /// The labels found for a configuration, with a server that gives these answers.
  private func targets(
    _ config: DNSDiscoveryConfig, resolv: String = "nameserver 127.0.0.1\n",
    _ answer: @escaping @Sendable (String, DNSWay) -> DNSAnswer?
  ) async throws -> (groups: [TargetGroup], failures: Double) {
    let server = try await DNSServer(answer)
    let files = MemoryFileSystem()
    try files.makeDirectory("/etc")
    try files.write("/etc/resolv.conf", Array(resolv.utf8))
    let registry = MetricRegistry()
    var resolver = DNSResolver(files: files, random: SystemRandomSource(), log: .none)
    resolver.port = server.port
    let source = DNSTargets(
      config, resolver: resolver, metrics: DiscoveryMetrics(registry), log: .none)
    let groups = try await source.groups()
    try await server.close()
    return (groups, value("prometheus_sd_dns_lookup_failures_total", registry))
  }

  private func config(
    _ type: DNSDiscoveryConfig.RecordType, port: Int = 9100, _ names: String...
  ) -> DNSDiscoveryConfig {
    var config = DNSDiscoveryConfig(names: names)
    config.type = type
    config.port = port
    return config
  }

  @Test func `SRV records bring host and port`() async throws {
    let found = try await targets(config(.srv, "_http._tcp.example")) { name, _ in
      DNSAnswer(id: 0).srv(name, target: "a.example", port: 8080)
        .srv(name, target: "b.example", port: 8081)
    }
    #expect(
      found.groups.map(\.source) == ["_http._tcp.example"])
    #expect(
      found.groups[0].all.first == [
        "__address__": "a.example:8080", "__meta_dns_name": "_http._tcp.example",
        "__meta_dns_srv_record_target": "a.example.", "__meta_dns_srv_record_port": "8080",
      ])
    #expect(found.groups[0].addresses == ["a.example:8080", "b.example:8081"])
  }

  @Test func `A and AAAA records are addresses with the port, and aliases are passed over`()
    async throws
  {
    let four = try await targets(config(.a, "web.example")) { name, _ in
      DNSAnswer(id: 0).cname(name, "real.example").a("real.example", [10, 1, 2, 3])
    }
    #expect(
      four.groups[0].all == [
        ["__address__": "10.1.2.3:9100", "__meta_dns_name": "web.example"]
      ])
    let six = try await targets(config(.aaaa, "web.example")) { name, _ in
      DNSAnswer(id: 0).aaaa(name, [0x20, 1] + [UInt8](repeating: 0, count: 13) + [1])
    }
    #expect(six.groups[0].addresses == ["[2001::1]:9100"])
  }

  @Test func `MX and NS records name their servers`() async throws {
    let mx = try await targets(config(.mx, port: 25, "example")) { name, _ in
      DNSAnswer(id: 0).mx(name, "mail.example")
    }
    #expect(
      mx.groups[0].all == [
        [
          "__address__": "mail.example:25", "__meta_dns_name": "example",
          "__meta_dns_mx_record_target": "mail.example.",
        ]
      ])
    let ns = try await targets(config(.ns, port: 53, "example")) { name, _ in
      DNSAnswer(id: 0).ns(name, "ns1.example")
    }
    #expect(ns.groups[0].all[0]["__meta_dns_ns_record_target"] == "ns1.example.")
    #expect(ns.groups[0].addresses == ["ns1.example:53"])
  }

  @Test func `search domains are tried, and a name that nowhere is has no targets`() async throws {
    let resolv = "nameserver 127.0.0.1\nsearch one.example two.example\n"
    let found = try await targets(config(.a, "web", "gone"), resolv: resolv) { name, _ in
      name == "web.two.example." ? DNSAnswer(id: 0).a(name, [10, 0, 0, 1]) : nil
    }
    #expect(found.groups.map(\.addresses) == [["10.0.0.1:9100"], []])
    #expect(found.failures == 0)
  }

  @Test func `an answer may be as long as the question allows`() async throws {
    let found = try await targets(config(.a, "many.example")) { name, way in
      way == .tcp
        ? nil : (1...120).reduce(DNSAnswer(id: 0)) { $0.a(name, [10, 0, 0, UInt8($1)]) }
    }
    #expect(found.groups[0].targets.count == 120)
  }

  @Test func `an answer that does not fit is asked for again over TCP`() async throws {
    let found = try await targets(config(.a, "big.example")) { name, way in
      way == .udp
        ? DNSAnswer(id: 0).truncated()
        : (1...200).reduce(DNSAnswer(id: 0)) { $0.a(name, [10, 0, 0, UInt8($1)]) }
    }
    #expect(found.groups[0].targets.count == 200)
  }

  @Test func `a server that fails makes the next one be asked, and none that knows is a failure`()
    async throws
  {
    // The first address refuses: nobody listens there.
    let resolv = "nameserver 127.0.0.9\nnameserver 127.0.0.1\n"
    let found = try await targets(config(.a, "x.example"), resolv: resolv) { name, _ in
      DNSAnswer(id: 0).a(name, [10, 0, 0, 1])
    }
    #expect(found.groups[0].addresses == ["10.0.0.1:9100"])
    let failed = try await targets(config(.a, "x.example")) { _, _ in
      DNSAnswer(id: 0, code: 2)
    }
    #expect(failed.groups.isEmpty)
    #expect(failed.failures == 1)
  }
}
