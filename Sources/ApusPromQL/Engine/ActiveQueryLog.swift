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

  private let file: any AppendFile
  private let log: Log
  /// Whether each place is taken.
  private let taken: Mutex<[Bool]>

  /// Says in the log which queries the last run did not finish, and begins an empty file.
  /// - Parameter places: of queries that run at the same time; more are not recorded.
  package init(
    files: any FileSystem, directory: String, places: Int, log: Log
  ) throws(PosixError) {
    self.log = log
    let path = FilePath.join(directory, "queries.active")
    taken = Mutex([Bool](repeating: false, count: max(places, 0)))
    if let left = try? files.read(path) {
      let unfinished = ActiveQueryLog.entries(left)
      if !unfinished.isEmpty {
        log.info(
          "These queries didn't finish in prometheus' last run:", ["queries": "[\(unfinished)]"])
      }
    }
    file = try files.create(path, .written)
    try file.append([UInt8(ascii: "[")].span)
    try file.appendZeros(max(places, 0) * ActiveQueryLog.entryBytes)
  }

  /// - Returns: the place that the query has until `end`; nil where all are taken.
  func begin(_ query: String, atMs: Int64) -> Int? {
    let place = taken.withLock { taken -> Int? in
      guard let place = taken.firstIndex(of: false) else { return nil }
      taken[place] = true
      return place
    }
    if let place { write(ActiveQueryLog.entry(query, atMs: atMs), place) }
    return place
  }

  func end(_ place: Int) {
    write([], place)
    taken.withLock { $0[place] = false }
  }

  /// Two writes of a page or less for each query: what is written survives the process.
  private func write(_ entry: [UInt8], _ place: Int) {
    let bytes =
      entry + [UInt8](repeating: 0, count: ActiveQueryLog.entryBytes - entry.count)
    do throws(PosixError) {
      try file.overwrite(bytes.span, at: 1 + place * ActiveQueryLog.entryBytes)
    } catch {
      log.warning("cannot record active queries", ["error": "\(error)"])
    }
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
