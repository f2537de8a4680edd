internal import ApusSystem
internal import ApusTelemetry
internal import ServiceLifecycle
internal import UnixSignals

/// What may be asked of a running process: SIGHUP reloads; SIGTERM, SIGINT and /-/quit end it.
struct Control: Service {
  private let reloader: Reloader
  private let phase: ServerPhase
  private let clock: any WallClock
  private let log: Log
  private let quits: AsyncStream<Void>
  private let quitting: AsyncStream<Void>.Continuation

  init(reloader: Reloader, phase: ServerPhase, clock: any WallClock, log: Log) {
    self.reloader = reloader
    self.phase = phase
    self.clock = clock
    self.log = log
    (quits, quitting) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// Begins the end of the process.
  func quit() { quitting.yield() }

  /// Returns when the process is to end.
  func run() async throws {
    let signals = await UnixSignalsSequence(
      trapping: .sighup, .sigterm, .sigint)
    await withTaskGroup(of: Void.self) { tasks in
      tasks.addTask {
        for await _ in quits { break }
      }
      tasks.addTask { await watch(signals) }
      await tasks.next()
      tasks.cancelAll()
    }
    phase.stop(atMs: clock.nowMs)
  }

  private func watch(_ signals: UnixSignalsSequence) async {
    for await signal in signals {
      if signal == .sighup {
        _ = await reloader.reload()
        continue
      }
      log.warning(
        "Received an OS signal, exiting gracefully...",
        ["signal": signal == .sigint ? "interrupt" : "terminated"])
      return
    }
  }
}
