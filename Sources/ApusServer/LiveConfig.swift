internal import ApusConfig
internal import ApusModel
internal import Synchronization

/// The configuration in force, and how the last reload went. Read by many, changed by `Reloader`.
final class LiveConfig: Sendable {
  struct State: Sendable {
    var config: Config
    var reloadSucceeded = true
    var lastReloadMs: Int64?
  }

  private let state: Mutex<State>

  init(_ config: Config, loadedAtMs: Int64) {
    state = Mutex(State(config: config, lastReloadMs: loadedAtMs))
  }

  var current: State { state.withLock { $0 } }
  var config: Config { current.config }

  func update(_ change: (inout State) -> Void) { state.withLock { change(&$0) } }
}
