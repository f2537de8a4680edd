package import ApusModel
package import ApusStorage
internal import ApusSystem
internal import ApusTelemetry
internal import Synchronization

extension TSDB: StorageAdmin {
  package func status(limit: Int) throws(StorageError) -> StorageStatus {
    head.status(limit: limit)
  }

  package func deleteSeries(
    in range: TimeRange, matching matchers: [LabelMatcher]
  ) throws(StorageError) {
    try compacting.withLock { _ throws(StorageError) in
      for block in blocks(in: range) { try block.delete(in: range, matching: matchers) }
      try head.delete(in: range, matching: matchers)
    }
  }

  package func cleanTombstones() throws(StorageError) {
    let start = clock.monotonicNs
    try compacting.withLock { _ throws(StorageError) in
      for block in blocks where !block.tombstones.isEmpty { _ = try compactor.clean(block) }
      try reloadBlocks()
    }
    metrics.tombstoneCleanup.observe(Double(clock.monotonicNs - start) / 1e9)
  }

  package func snapshot(skipHead: Bool) throws(StorageError) -> String {
    let name = SnapshotName.make(timeMs: clock.nowMs, chance: random.next())
    let target = FilePath.join(FilePath.join(directory, "snapshots"), name)
    try withFiles("create snapshot directory") { () throws(PosixError) in
      try files.makeDirectory(target)
    }
    try compacting.withLock { _ throws(StorageError) in
      for block in blocks { try block.link(below: target) }
      let times = head.times
      guard !skipHead, !times.isEmpty else { return }
      let range = TimeRange(times.minTime, times.maxTime)
      _ = try compactor(below: target).write(
        HeadSeriesSource(head, in: range), minTimeMs: range.minMs, maxTimeMs: range.maxMs + 1)
    }
    return name
  }

  package var oldestTimeMs: Int64? {
    let times = head.times
    let oldestBlock = blocks.first?.meta.minTimeMs
    guard !times.isEmpty else { return oldestBlock }
    return min(times.minTime, oldestBlock ?? .max)
  }
}

/// Names of snapshots: `20060102T150405Z-0123456789abcdef`, time in UTC.
enum SnapshotName {
  static func make(timeMs: Int64, chance: UInt64) -> String {
    let seconds = Int(timeMs / 1000)
    let (year, month, day) = date(daysSinceEpoch: seconds / 86_400)
    let rest = seconds % 86_400
    let time = [rest / 3600, rest / 60 % 60, rest % 60].map { padded($0, 2) }.joined()
    let hex = String(chance, radix: 16)
    return padded(year, 4) + padded(month, 2) + padded(day, 2) + "T" + time + "Z-"
      + String(repeating: "0", count: 16 - hex.count) + hex
  }

  /// The civil date of a day, counted from 1970-01-01. (Howard Hinnant, chrono-compatible
  /// low-level date algorithms, civil_from_days.)
  private static func date(daysSinceEpoch days: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = days + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted % 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }

  private static func padded(_ number: Int, _ digits: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
  }
}
