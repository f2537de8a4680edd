import ApusConfig
import ApusHTTP
import ApusModel
import ApusScrape
import ApusSystem
import ApusTelemetry
import ApusTesting
import Testing

/// The manager with the real fetcher against real sockets; only time is simulated.
@Suite struct RealTargetTests {
  private func manager(
    _ clock: SimulatedClock, _ appender: RecordingAppender
  ) -> ScrapeManager {
    var options = ScrapeOptions(userAgent: "Prometheus/3.0", hostname: "test")
    options.externalURL = "http://test/"
    return ScrapeManager(
      ScrapeDoors(
        fetchers: PooledFetcherFactory(files: MemoryFileSystem()), appender: appender,
        workers: WorkerPool(name: "test", threadCount: 2), clock: clock,
        files: MemoryFileSystem()),
      options: options,
      metrics: MetricRegistry(), log: .none)
  }

  @Test func `good and bad targets are scraped side by side`() async throws {
    let text = "a 1\nb{x=\"y\"} 2\n"
    let plain = ["content-type": "text/plain; version=0.0.4"]
    let good = try await LocalServer { _ in .answer(headers: plain, body: Array(text.utf8)) }
    let packed = try await LocalServer { _ in
      .answer(
        headers: plain.merging(["content-encoding": "gzip"]) { $1 },
        body: Gzip.compress(Array(text.utf8)))
    }
    let half = try await LocalServer { _ in .answer(headers: plain, body: Array("a{b".utf8)) }
    let garbage = try await LocalServer { _ in .raw([0, 1, 2, 255, 10, 10]) }
    let bomb = try await LocalServer { _ in
      .answer(
        headers: plain.merging(["content-encoding": "gzip"]) { $1 },
        body: Gzip.compress([UInt8](repeating: 0x61, count: 1 << 20)))
    }
    let (clock, appender) = (SimulatedClock(), RecordingAppender())
    let manager = manager(clock, appender)
    var config = ScrapeHarness.config()
    config.limits.bodyBytes = 1 << 16
    config.timeoutMs = 2_000
    let servers = [good, packed, half, garbage, bomb]
    try await manager.apply([config], externalLabels: .empty)
    await manager.update([
      "j": [
        TargetGroup(
          source: "0", targets: servers.map { ["__address__": "127.0.0.1:\($0.port)"] },
          labels: .empty)
      ]
    ])
    async let _: Void = manager.run()
    while appender.batches.count < 10 { await clock.advance(byMs: 1_000) }
    let targets = await manager.status().activeTargets
    func target(_ server: LocalServer) -> TargetStatus? {
      targets.first { $0.scrapeURL == "\(server.url)/metrics" }
    }
    #expect(target(good)?.health == .up)
    #expect(target(good)?.globalURL == "http://test:\(good.port)/metrics")
    #expect(target(packed)?.health == .up)
    #expect(packed.requests.first?.headers["accept-encoding"] == "gzip")
    #expect(
      target(half)?.lastError
        == #"expected equal, got "\n" ("INVALID") while parsing: "a{b\n""#)
    #expect(target(garbage)?.health == .down)
    #expect(target(bomb)?.lastError == "body size limit exceeded")
    #expect(good.connectionCount == 1)
    let values = appender.samples.filter { $0.labels.metricName == "b" }.map(\.value)
    #expect(values.count >= 2 && values.allSatisfy { $0 == 2 })
  }
}
