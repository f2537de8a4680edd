internal import ApusSystem
internal import Synchronization

/// The answer to /api/v1/notifications/live: what changes, as it changes (server-sent events).
///
///     data: {"text":"...","date":"...","active":true}\n\n
struct LiveNotifications: EventSource {
  private let notifications: @Sendable () -> [Notification]
  private let isStopping: @Sendable () -> Bool
  private let clock: any WallClock
  /// Keeps the subscriber's place until the answer has ended.
  private let place: Subscribers.Place
  private var told: [Notification] = []
  private var isOver = false

  init(
    _ backends: Backends, _ place: Subscribers.Place
  ) {
    notifications = backends.status.notifications
    isStopping = backends.lifecycle.isStopping
    clock = backends.clock
    self.place = place
  }

  mutating func next() async -> [UInt8]? {
    while !isOver {
      let now = notifications()
      let stopping = isStopping()
      var events: [UInt8] = []
      for notification in now where !told.contains(where: { $0.isSame(notification) }) {
        events += Self.event(notification, isActive: notification.isActive)
      }
      for notification in told where !now.contains(where: { $0.isSame(notification) }) {
        events += Self.event(notification, isActive: false)
      }
      told = now
      isOver = stopping
      if !events.isEmpty { return events }
      do { try await clock.sleep(forMs: Limits.notificationsPollMs) } catch { return nil }
    }
    return nil
  }

  private static func event(_ notification: Notification, isActive: Bool) -> [UInt8] {
    var json = JSONWriter()
    json.raw("data: ")
    json.value([
      "text": .string(notification.text), "date": .time(ms: notification.dateMs),
      "active": .bool(isActive),
    ])
    json.raw("\n\n")
    return json.bytes
  }
}

extension Notification {
  fileprivate func isSame(_ other: Notification) -> Bool {
    text == other.text && dateMs == other.dateMs && isActive == other.isActive
  }
}

/// How many clients listen to notifications.
final class Subscribers: Sendable {
  private let count = Mutex(0)

  /// Given back when it is forgotten.
  final class Place: Sendable {
    private let subscribers: Subscribers

    fileprivate init(_ subscribers: Subscribers) { self.subscribers = subscribers }

    deinit { subscribers.count.withLock { $0 -= 1 } }
  }

  /// Nil where all places are taken.
  func enter(most: Int) -> Place? {
    let isFree = count.withLock { count in
      guard count < most else { return false }
      count += 1
      return true
    }
    return isFree ? Place(self) : nil
  }
}

extension WebHandlers {
  func liveNotifications(_ request: WebRequest) async -> WebResponse {
    guard let place = subscribers.enter(most: options.notificationSubscribersMax) else {
      return .noContent
    }
    return WebResponse(
      status: 200,
      headers: [("Content-Type", "text/event-stream"), ("Cache-Control", "no-cache")],
      body: .events(LiveNotifications(backends, place)))
  }
}
