internal import Hummingbird
internal import HummingbirdCore
internal import Synchronization

/// Bounds the connections of all listeners together.
///
/// A listener without any connection takes one even beyond the bound: it is woken by the end of
/// its own connections only, and would else sleep for ever.
struct ConnectionLimit: AvailableConnectionsDelegate {
  private let total: ConnectionCount
  private let most: Int
  private var own = 0

  init(total: ConnectionCount, most: Int) {
    self.total = total
    self.most = most
  }

  mutating func connectionOpened() {
    own += 1
    total.count.add(1, ordering: .relaxed)
  }

  mutating func connectionClosed() {
    own -= 1
    total.count.subtract(1, ordering: .relaxed)
  }

  func isAcceptingNewConnections() -> Bool {
    own == 0 || total.count.load(ordering: .relaxed) < most
  }
}

final class ConnectionCount: Sendable {
  let count = Atomic<Int>(0)

  init() {}
}
