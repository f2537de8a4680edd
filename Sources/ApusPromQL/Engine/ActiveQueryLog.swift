internal import ApusModel
package import ApusSystem
package import ApusTelemetry
internal import Synchronization

/// The file `queries.active`: what was running, should the process die of it.
///
///     | [ | {"query":"up","timestamp_sec":1767225600}, | zeros up to entryBytes | next | ... |
///
/// A free place holds zeros only. Source: Prometheus, promql/query_logger.go.
package final class ActiveQueryLog: Sendable {
  package static let entryBytes = 1000

  private let files: any FileSystem
  private let path: String
  private let log: Log
  private let slots: Mutex<[[UInt8]?]>

  /// Says in the log which queries the last run did not finish, and begins an empty file.
  /// - Parameter places: of queries that run at the same time; more are not recorded.
  package init(
    files: any FileSystem, directory: String, places: Int, log: Log
  ) throws(PosixError) {
    self.files = files
    self.log = log
    path = directory + "/queries.active"
    slots = Mutex([[UInt8]?](repeating: nil, count: places))
    if let left = try? files.read(path) {
      let unfinished = ActiveQueryLog.entries(left)
      if !unfinished.isEmpty {
        log.info(
          "These queries didn't finish in prometheus' last run:", ["queries": "[\(unfinished)]"])
      }
    }
    try write(slots.withLock { $0 })
  }

  /// - Returns: the place that the query has until `end`; nil where all are taken.
  func begin(_ query: String, atMs: Int64) -> Int? {
    let entry = ActiveQueryLog.entry(query, atMs: atMs)
    return slots.withLock { slots in
      guard let place = slots.firstIndex(where: { $0 == nil }) else { return nil }
      slots[place] = entry
      save(slots)
      return place
    }
  }

  func end(_ place: Int) {
    slots.withLock { slots in
      slots[place] = nil
      save(slots)
    }
  }

  private func save(_ slots: [[UInt8]?]) {
    do throws(PosixError) {
      try write(slots)
    } catch {
      log.warning("cannot record active queries", ["error": "\(error)"])
    }
  }

  private func write(_ slots: [[UInt8]?]) throws(PosixError) {
    var bytes = [UInt8(ascii: "[")]
    for slot in slots {
      let entry = slot ?? []
      bytes += entry
      bytes += [UInt8](repeating: 0, count: ActiveQueryLog.entryBytes - entry.count)
    }
    let file = try files.create(path, .written)
    try file.append(bytes.span)
    try file.close()
  }

  private static func entry(_ query: String, atMs: Int64) -> [UInt8] {
    let seconds = TimeText.floorDivide(atMs, 1000)
    let tail = ",\"timestamp_sec\":\(seconds)},"
    var shown = query
    while true {
      let text = "{\"query\":\(JSONText.quoted(shown))\(tail)"
      if text.utf8.count <= entryBytes { return Array(text.utf8) }
      let over = text.utf8.count - entryBytes
      // A character takes up to six bytes when it is quoted.
      shown = String(shown.prefix(min(shown.count - max(1, over / 6), entryBytes)))
    }
  }

  /// The entries of a file that was left behind, without their last comma.
  private static func entries(_ bytes: [UInt8]) -> String {
    var text = bytes.dropFirst().filter { $0 != 0 }
    if text.last == UInt8(ascii: ",") { text.removeLast() }
    return String(decoding: text, as: UTF8.self)
  }
}
