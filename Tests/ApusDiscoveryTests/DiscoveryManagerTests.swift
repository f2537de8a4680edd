import ApusConfig
import ApusDiscovery
import ApusHTTP
import ApusModel
import ApusSystem
import ApusTelemetry
import ApusTesting
import Synchronization
import Testing

struct DiscoveryManagerTests {
  private typealias Delivery = (groups: [String: [TargetGroup]], timeMs: Int64)

  private let files = MemoryFileSystem()
  private let clock = JumpingClock()
  private let registry = MetricRegistry()

  private func statics(_ addresses: String...) -> DiscoveryConfigs {
    var config = DiscoveryConfigs()
    config.staticGroups = [
      TargetGroup(
        source: "0", targets: addresses.map { Labels([Label("__address__", $0)]) },
        labels: .empty)
    ]
    return config
  }

  private func file(_ path: String) -> DiscoveryConfigs {
    var config = DiscoveryConfigs()
    config.files = [FileDiscoveryConfig(patterns: [path])]
    return config
  }

  private func run(
    _ body:
      @escaping @Sendable (DiscoveryManager, inout AsyncStream<Delivery>.Iterator)
      async throws -> Void
  ) async throws {
    let (stream, continuation) = AsyncStream<Delivery>.makeStream()
    let doors = DiscoveryDoors(
      files: files, fetchers: ScriptedFetcher([ScriptedFetcher.json("[]")]), clock: clock,
      random: SystemRandomSource(), environment: { _ in nil }, userAgent: "test")
    let manager = DiscoveryManager(
      name: "scrape", doors: doors, metrics: DiscoveryMetrics(registry), log: .none
    ) { [clock] in continuation.yield(($0, clock.nowMs)) }
    try await running {
      try await manager.run()
    } _: {
      var iterator = stream.makeAsyncIterator()
      try await body(manager, &iterator)
    }
  }

  @Test func `static targets are delivered as soon as they are applied`() async throws {
    try await run { [clock, registry] manager, deliveries in
      let startMs = clock.nowMs
      await manager.apply(["a": statics("x:1"), "b": DiscoveryConfigs()])
      let first = try #require(await deliveries.next())
      #expect(first.groups["a"]?.map(\.addresses) == [["x:1"]])
      #expect(first.groups["b"] == [])
      #expect(first.timeMs == startMs)
      // A reload is not made to wait for the five seconds between updates.
      await manager.apply(["a": statics("y:1")])
      let second = try #require(await deliveries.next())
      #expect(second.groups.keys.sorted() == ["a"])
      #expect(second.groups["a"]?.map(\.addresses) == [["y:1"]])
      #expect(second.timeMs < startMs + 5_000)
      let shown = registry.snapshot().first { $0.name == "prometheus_sd_discovered_targets" }
      #expect(shown?.points.map { $0.labels.map(\.value) } == [["scrape", "a"]])
    }
  }

  @Test func `what changes later is gathered for five seconds`() async throws {
    try files.write("a.yml", Array("[{targets: [one]}]".utf8))
    try await run { [files] manager, deliveries in
      var config = statics("x")
      config.files = file("a.yml").files
      await manager.apply(["a": config])
      let first = try #require(await deliveries.next())
      var second = first
      if first.groups["a"]?.count == 1 {
        second = try #require(await deliveries.next())
        #expect(second.timeMs >= first.timeMs + 5_000)
      }
      #expect(second.groups["a"]?.map(\.addresses) == [["x"], ["one"]])
      try files.write("a.yml", Array("[{targets: [one, two]}]".utf8))
      let third = try #require(await deliveries.next())
      #expect(third.groups["a"]?.map(\.addresses) == [["x"], ["one", "two"]])
      #expect(third.timeMs >= second.timeMs + 5_000)
    }
    #expect(value("prometheus_sd_received_updates_total", registry) >= 2)
  }

  @Test func `a mechanism that two jobs share runs once and goes on over a reload`() async throws {
    try files.write("a.yml", Array("[{targets: [one]}]".utf8))
    try await run { [self] manager, deliveries in
      await manager.apply(["a": file("a.yml"), "b": file("a.yml")])
      var latest = try #require(await deliveries.next())
      while latest.groups["a"]?.isEmpty ?? true {
        latest = try #require(await deliveries.next())
      }
      #expect(latest.groups["b"]?.map(\.addresses) == [["one"]])
      let status = await manager.status()
      #expect(status.mechanisms.map(\.jobs) == [["a", "b"]])
      #expect(status.mechanisms.map(\.targetCount) == [1])
      let received = value("prometheus_sd_received_updates_total", registry)
      await manager.apply(["b": file("a.yml"), "c": file("a.yml")])
      let next = try #require(await deliveries.next())
      // At once, from what the mechanism knows already.
      #expect(next.groups.mapValues { $0.map(\.addresses) } == ["b": [["one"]], "c": [["one"]]])
      #expect(value("prometheus_sd_received_updates_total", registry) == received)
    }
  }

  @Test func `the targets of a mechanism that is gone are gone`() async throws {
    try files.write("a.yml", Array("[{targets: [one]}]".utf8))
    try await run { manager, deliveries in
      await manager.apply(["a": file("a.yml")])
      var latest = try #require(await deliveries.next())
      while latest.groups["a"]?.isEmpty ?? true {
        latest = try #require(await deliveries.next())
      }
      await manager.apply(["a": file("none.yml")])
      let next = try #require(await deliveries.next())
      #expect(next.groups["a"] == [])
      #expect(await manager.status().mechanisms.map(\.targetCount) == [0])
    }
  }
}
