/// What the pages and the API show of notification.
package struct NotifyStatus: Sendable {
  /// Push URLs, such as `http://localhost:9093/api/v2/alerts`.
  package var active: [String]
  package var dropped: [String]

  package init(active: [String], dropped: [String]) {
    self.active = active
    self.dropped = dropped
  }
}
