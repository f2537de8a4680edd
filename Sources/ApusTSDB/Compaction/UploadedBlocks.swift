internal import ApusStorage
internal import ApusSystem
internal import ApusTelemetry
internal import Synchronization

/// Which blocks another program has copied away, from the file in which it says so, such as
/// Thanos's thanos.shipper.json: compaction waits for the others.
///
///     {"version": 1, "uploaded": ["01M7Y5WE9JXXHYZJV2NB70SH6J"]}
///
/// Only blocks made from the head are waited for. Without a file that can be read, none is: a
/// store must not fill up because its uploader is gone. (Rules: Prometheus, cmd/prometheus/main.go,
/// exludeBlocksPendingUpload.)
final class UploadedBlocks: Sendable {
  private let path: String
  private let files: any FileSystem
  private let clock: any WallClock
  private let log: Log
  private let known = Mutex(Known())

  private struct Known {
    var uploaded: Set<String>?
    var readMs: Int64 = 0
  }

  /// The file is not read again within this time.
  static let keptMs: Int64 = 60_000

  init(path: String, files: any FileSystem, clock: any WallClock, log: Log) {
    self.path = path
    self.files = files
    self.clock = clock
    self.log = log
  }

  /// Whether compaction must leave a block alone because it is not uploaded yet.
  func isPending(_ meta: BlockMeta) -> Bool {
    guard meta.compaction.level <= 1, let uploaded = current() else { return false }
    return !uploaded.contains(meta.ulid.description)
  }

  /// The uploaded blocks; nil where the file cannot be read.
  private func current() -> Set<String>? {
    let nowMs = clock.nowMs
    return known.withLock { known in
      if let uploaded = known.uploaded, known.readMs > nowMs - Self.keptMs { return uploaded }
      do {
        let json = try MetaJSON.parse(try files.read(path))
        known.uploaded = try Self.uploaded(json)
        known.readMs = nowMs
        return known.uploaded
      } catch {
        log.warning("cannot read TSDB upload meta file", ["path": path, "err": "\(error)"])
        return nil
      }
    }
  }

  private static func uploaded(_ json: MetaJSON.Value) throws(Malformed) -> Set<String> {
    guard case .object = json else { throw Malformed("an object is wanted") }
    guard let list = json["uploaded"], list != .null else { return [] }
    guard case .array(let items) = list else { throw Malformed("uploaded must be a list") }
    var uploaded = Set<String>()
    for item in items {
      guard case .string(let text) = item else { throw Malformed("uploaded must be strings") }
      uploaded.insert(text)
    }
    return uploaded
  }
}
