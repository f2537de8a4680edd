internal import ApusWeb
internal import Synchronization

/// Whether the process begins, serves or ends.
final class ServerPhase: Sendable {
  private struct State {
    var isServing = false
    var stoppingMs: Int64?
  }

  private let startMs: Int64
  private let state = Mutex(State())

  init(startMs: Int64) { self.startMs = startMs }

  /// From now on the store answers.
  func serve() { state.withLock { $0.isServing = true } }

  /// From now on everything is taken down.
  func stop(atMs nowMs: Int64) {
    state.withLock { $0.stoppingMs = $0.stoppingMs ?? nowMs }
  }

  var isStopping: Bool { state.withLock { $0.stoppingMs != nil } }

  /// What whoever looks at the pages should know of it.
  var notifications: [Notification] {
    let state = state.withLock { $0 }
    if let stoppingMs = state.stoppingMs {
      return [
        Notification(
          text: "Prometheus is shutting down and gracefully stopping all operations.",
          dateMs: stoppingMs, isActive: true)
      ]
    }
    guard !state.isServing else { return [] }
    return [
      Notification(
        text: "Prometheus is starting and replaying the write-ahead log (WAL).",
        dateMs: startMs, isActive: true)
    ]
  }
}
