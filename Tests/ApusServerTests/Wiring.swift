import ApusConfig
import ApusModel
import ApusStorage
import ApusSystem
import ApusTelemetry
import ApusTesting
import ApusWeb
import Logging
import Synchronization

@testable import ApusServer

/// All parts of a server, connected as they are in the real one, without sockets: in memory, at a
/// time that stands still.
struct Wiring {
  let parts: ServerParts
  let store: StoreService
  let control: Control
  let backends: Backends
  let handlers: WebHandlers
  let lines: LogLines

  /// Lines of a log.
  final class LogLines: Sendable {
    private let all = Mutex<[String]>([])

    func add(_ line: String) { all.withLock { $0.append(line) } }

    func first(containing text: String) -> String? {
      all.withLock { $0.first { $0.contains(text) } }
    }
  }

  /// - Parameters:
  ///   - files: where /data is, and /prometheus.yml will be.
  ///   - arguments: further flags.
  init(
    files: MemoryFileSystem, seenAs seen: (any FileSystem)? = nil, config: String = "",
    _ arguments: [String] = []
  ) throws {
    let lines = LogLines()
    self.lines = lines
    let clock = SimulatedClock()
    let handler = LineLogHandler(level: .info, format: .logfmt, nowMs: { 0 }) { lines.add($0) }
    let log = Log(Logger(label: "test") { _ in handler })
    try files.write("/prometheus.yml", Array(config.utf8))
    let settings = try Settings(
      flags: Flags(
        try FlagParser(
          ["--config.file=/prometheus.yml", "--storage.tsdb.path=/data"] + arguments
        ) { _ in [] }), hostName: "box")
    let source = ConfigSource(
      path: "/prometheus.yml", loader: ConfigLoader(files: files, environment: { _ in nil }),
      settings: settings, files: files)
    let loaded = try source.load()
    let world = World(
      files: seen ?? files, clock: clock, random: SystemRandomSource(), log: log)
    parts = ServerParts(settings: settings, loaded: loaded, world: world)
    let reloader = Reloader(source: source, parts: parts)
    control = Control(reloader: reloader, phase: parts.phase, clock: clock, log: log)
    store = StoreService(parts: parts, settings: settings, loaded: loaded, reloader: reloader)
    let web = WebSetup(
      parts: parts, settings: settings, reloader: reloader, control: control,
      process: ProcessMetrics(files: files), startTimeMs: clock.nowMs, gate: nil)
    backends = web.backends
    handlers = WebHandlers(backends: backends, options: try web.options())
  }

  /// Runs the store while `body` runs; it is closed afterwards.
  func serving(_ body: @escaping @Sendable () async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await store.run() }
      try await store.ready.wait()
      try await body()
      group.cancelAll()
      try await group.waitForAll()
    }
  }

  func get(_ path: String) async -> WebResponse {
    let parts = path.split(separator: "?", maxSplits: 1)
    return await handlers.respond(
      to: WebRequest(
        method: .get, path: String(parts[0]), query: parts.count > 1 ? String(parts[1]) : ""))
  }

  func text(_ path: String) async -> String {
    String(decoding: await get(path).wholeBody(), as: UTF8.self)
  }
}
