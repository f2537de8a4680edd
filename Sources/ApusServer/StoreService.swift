internal import ApusConfig
internal import ApusPromQL
internal import ApusStorage
internal import ApusSystem
internal import ApusTSDB
internal import ApusTelemetry
internal import ServiceLifecycle
internal import Synchronization

/// Opens the store, puts the configuration into force, keeps the store in order, and closes it.
struct StoreService: Service {
  let parts: ServerParts
  let settings: Settings
  let loaded: LoadedConfig
  let reloader: Reloader
  /// Opens when the store is ready.
  let ready = ReadySignal()

  func run() async throws {
    let log = parts.log
    let store = try await open()
    recordActiveQueries()
    parts.storage.open(store)
    log.info("TSDB started")
    _ = await reloader.applyFirst(loaded)
    parts.phase.serve()
    await ready.open()
    log.info("Server is ready to receive web requests.")
    var failure: (any Error)?
    do {
      try await cancelWhenGracefulShutdown { try await store.run() }
    } catch is CancellationError {
    } catch {
      failure = error
    }
    parts.storage.close()
    try await parts.pools.maintenance.run { () throws(StorageError) in try store.close() }
    if let failure { throw failure }
  }

  /// In the data directory, which is ours since the store is open.
  private func recordActiveQueries() {
    let log = parts.log.with("component", "activeQueryTracker")
    do throws(PosixError) {
      parts.engine.record(
        in: try ActiveQueryLog(
          files: parts.world.files, directory: settings.flags.text("storage.tsdb.path"),
          places: settings.queriesMax, log: log))
    } catch {
      log.error("Failed to create file for logging active queries", ["err": "\(error)"])
    }
  }

  private func open() async throws -> TSDB {
    let world = parts.world
    let registry = parts.registry
    let directory = settings.flags.text("storage.tsdb.path")
    let options = settings.storageOptions(loaded.config.storage)
    let progress = parts.storage.replay
    if settings.usesDefaultRetention(loaded.config.storage) {
      world.log.info(
        "No time or size retention was set so using the default time retention",
        ["duration": "15d"])
    }
    do {
      return try await parts.pools.maintenance.run { () throws(StorageError) in
        try TSDB.open(
          directory: directory, options: options, files: world.files, clock: world.clock,
          random: world.random, log: world.log.with("component", "tsdb"), metrics: registry,
          progress: progress)
      }
    } catch {
      throw StorageError(.system, "opening storage failed: \(error)")
    }
  }
}

/// Lets tasks wait until something is ready.
actor ReadySignal {
  private var isOpen = false
  private var waiting: [Int: CheckedContinuation<Void, any Error>] = [:]
  private var next = 0

  func open() {
    isOpen = true
    for continuation in waiting.values { continuation.resume() }
    waiting = [:]
  }

  /// Returns when ready.
  /// - Throws: `CancellationError` when the task is cancelled before.
  func wait() async throws {
    if isOpen { return }
    let id = next
    next += 1
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation {
        (continuation: CheckedContinuation<Void, any Error>) in
        if Task.isCancelled {
          continuation.resume(throwing: CancellationError())
        } else {
          waiting[id] = continuation
        }
      }
    } onCancel: {
      Task { await self.cancel(id) }
    }
  }

  private func cancel(_ id: Int) {
    waiting.removeValue(forKey: id)?.resume(throwing: CancellationError())
  }
}
