import ApusDiscovery
import ApusModel
import ApusSystem
import ApusTelemetry
import ApusTesting
import Testing

struct FileTargetsTests {
  private let files = MemoryFileSystem()
  private let registry = MetricRegistry()

  /// Each group of updates as it comes.
  private func collect(
    _ patterns: [String],
    _ body:
      @escaping @Sendable (inout AsyncStream<[TargetGroup]>.Iterator)
      async throws -> Void
  ) async throws {
    let targets = FileTargets(
      patterns: patterns, refreshIntervalMs: 300_000, files: files, clock: JumpingClock(),
      metrics: DiscoveryMetrics(registry), log: .none)
    let (stream, continuation) = AsyncStream<[TargetGroup]>.makeStream()
    try await running {
      try await targets.run { continuation.yield($0) }
    } _: {
      var iterator = stream.makeAsyncIterator()
      try await body(&iterator)
    }
  }

  private func write(_ path: String, _ text: String) throws {
    try files.makeDirectory("t")
    try files.write(path, Array(text.utf8))
  }

  @Test func `YAML and JSON files are read, each group with the path it came from`() async throws {
    try write("t/a.yml", "- targets: ['a:1', 'b:2']\n  labels: {env: x}\n- targets: [c]\n")
    try write(
      "t/b.json", #"[{"targets": ["d:4"], "labels": {"text": "\ud83d\ude00 \/ \t"}}]"#)
    try await collect(["t/*.yml", "t/*.json"]) { updates in
      let groups = try #require(await updates.next())
      #expect(groups.map(\.source) == ["t/a.yml:0", "t/a.yml:1", "t/b.json:0"])
      #expect(groups.map(\.addresses) == [["a:1", "b:2"], ["c"], ["d:4"]])
      #expect(groups[0].labels == ["__meta_filepath": "t/a.yml", "env": "x"])
      #expect(groups[2].labels["text"] == "😀 / \t")
    }
  }

  @Test func `a file that changes is read again, and groups that it lost are taken away`()
    async throws
  {
    try write("t/a.yml", "[{targets: [a]}, {targets: [b]}]")
    try await collect(["t/a.yml"]) { [files] updates in
      _ = await updates.next()
      try files.write("t/a.yml", Array("[{targets: [changed]}]".utf8))
      let groups = try #require(await updates.next())
      #expect(groups.map(\.source) == ["t/a.yml:0", "t/a.yml:1"])
      #expect(groups.map(\.addresses) == [["changed"], []])
    }
  }

  @Test func `a file that goes bad keeps its groups, and is taken when it is good again`()
    async throws
  {
    try write("t/a.yml", "[{targets: [a]}]")
    try await collect(["t/a.yml"]) { [files, registry] updates in
      _ = await updates.next()
      try files.write("t/a.yml", Array("[{target: [a]}]".utf8))
      while value("prometheus_sd_file_read_errors_total", registry) == 0 {
        try await Task.sleep(nanoseconds: 100_000)
      }
      try files.write("t/a.yml", Array("[{targets: [good, again]}]".utf8))
      let groups = await updates.next()
      #expect(groups?.map(\.addresses) == [["good", "again"]])
    }
  }

  @Test func `the groups of a file that is removed are taken away`() async throws {
    try write("t/a.yml", "[{targets: [a]}]")
    try await collect(["t/*.yml"]) { [files] updates in
      _ = await updates.next()
      try files.remove("t/a.yml")
      let groups = try #require(await updates.next())
      #expect(groups.map(\.source) == ["t/a.yml:0"])
      #expect(groups[0].targets.isEmpty)
    }
  }
}

/// The sum of a metric's points.
func value(_ name: String, _ registry: MetricRegistry) -> Double {
  registry.snapshot().first { $0.name == name }?.points.reduce(0) { $0 + $1.value } ?? -1
}
