internal import ApusConfig
package import ApusModel
package import ApusSystem
package import ApusTelemetry

/// Targets listed in files. The files are read again when they change, which is seen within
/// `Limits.fileLookEveryMs`, and in any case after the refresh interval.
package struct FileTargets: Discoverer {
  private let patterns: [String]
  private let refreshIntervalMs: Int64
  private let files: any FileSystem
  private let clock: any WallClock
  private let metrics: DiscoveryMetrics
  private let log: Log

  package init(
    patterns: [String], refreshIntervalMs: Int64, files: any FileSystem,
    clock: any WallClock, metrics: DiscoveryMetrics, log: Log
  ) {
    self.patterns = patterns
    self.refreshIntervalMs = refreshIntervalMs
    self.files = files
    self.clock = clock
    self.metrics = metrics
    self.log = log.with("discovery", "file")
  }

  package func run(_ send: @escaping @Sendable ([TargetGroup]) async -> Void) async throws {
    var state = FileTargetsState()
    var refreshMs = clock.nowMs
    while true {
      let found = stamps()
      let isDue = clock.nowMs >= refreshMs
      if isDue { refreshMs = clock.nowMs + refreshIntervalMs }
      let startNs = clock.monotonicNs
      let changed = found.filter { isDue || state.stamps[$0.key] != $0.value }
      var groups = state.forget(except: Set(found.keys))
      for path in changed.keys.sorted() { groups += read(path, &state) }
      state.stamps = found
      if isDue || !changed.isEmpty {
        let seconds = Double(clock.monotonicNs - startNs) / 1e9
        metrics.fileScans.observe(seconds)
      }
      if !groups.isEmpty { await send(groups) }
      try await clock.sleep(forMs: min(Limits.fileLookEveryMs, refreshIntervalMs))
    }
  }

  /// The groups of a file and, without targets, those that it does not hold any more. A file that
  /// cannot be read keeps its groups.
  private func read(_ path: String, _ state: inout FileTargetsState) -> [TargetGroup] {
    do {
      let bytes = try files.read(path)
      let groups = try TargetFile.decode(
        bytes, source: path, label: Label("__meta_filepath", path))
      return state.replace(path, groups)
    } catch {
      metrics.fileReadErrors.increment()
      log.error("Error reading file", ["path": path, "err": "\(error)"])
      return []
    }
  }

  private func stamps() -> [String: FileStatus] {
    var found: [String: FileStatus] = [:]
    for path in patterns.flatMap({ Glob.expand($0, files: files) }) {
      if let status = try? files.status(path) { found[path] = status }
    }
    return found
  }
}

/// Which sources came from which file, so that they can be taken away again.
struct FileTargetsState {
  var stamps: [String: FileStatus] = [:]
  private var sources: [String: Set<String>] = [:]

  mutating func replace(_ path: String, _ groups: [TargetGroup]) -> [TargetGroup] {
    let new = Set(groups.map(\.source))
    let gone = (sources[path] ?? []).subtracting(new)
    sources[path] = new
    return groups + gone.sorted().map { TargetGroup(source: $0, targets: [], labels: .empty) }
  }

  /// Empty groups for all sources of files that are no more.
  mutating func forget(except paths: Set<String>) -> [TargetGroup] {
    let gone = sources.keys.filter { !paths.contains($0) }.sorted()
    return gone.flatMap { path in
      (sources.removeValue(forKey: path) ?? []).sorted()
        .map { TargetGroup(source: $0, targets: [], labels: .empty) }
    }
  }
}
