internal import ApusModel
internal import ApusStorage
internal import ApusSystem
internal import ApusTelemetry
internal import Synchronization

extension Head {
  /// Counts of the head, the highest `limit` of each kind.
  func status(limit: Int) -> StorageStatus {
    let lease = epochs.enter()
    defer { withExtendedLifetime(lease) {} }
    var status = StorageStatus()
    let (times, names) = stateLock.withLock { _ in
      status.seriesCount = UInt64(columns.count)
      status.labelPairCount = columns.postings.pairCount
      let names = columns.postings.nameIDs.compactMap { id in
        columns.postings.pairs(ofName: id).map { (id: id, pairs: $0) }
      }
      return (clock, names)
    }
    status.minTimeMs = times.minTime
    status.maxTimeMs = times.maxTime
    status.chunkCount = Int64(metrics.chunksCreated.value - metrics.chunksRemoved.value)
    var byMetric = Highest(limit)
    var values = Highest(limit)
    var bytes = Highest(limit)
    var pairs = Highest(limit)
    for name in names {
      let text = columns.symbols.string(name.id)
      let isMetricName = text == LabelNames.metricName
      var textBytes: UInt64 = 0
      for id in name.pairs.elements(in: columns.slots) {
        let pair = stateLock.withLock { _ in columns.postings.pair(id) }
        let count = UInt64(pair.list.count)
        guard count > 0 else { continue }
        textBytes += UInt64(columns.symbols.text(pair.value).count) * count
        if isMetricName { byMetric.add(count) { columns.symbols.string(pair.value) } }
        pairs.add(count) { text + "=" + columns.symbols.string(pair.value) }
      }
      values.add(UInt64(name.pairs.count)) { text }
      bytes.add(textBytes) { text }
    }
    status.seriesCountByMetricName = byMetric.sorted
    status.labelValueCountByLabelName = values.sorted
    status.memoryInBytesByLabelName = bytes.sorted
    status.seriesCountByLabelValuePair = pairs.sorted
    return status
  }
}

/// Pure: the entries with the highest counts.
struct Highest {
  private let limit: Int
  private var entries: [StorageStatus.Entry] = []

  init(_ limit: Int) { self.limit = limit }

  /// Adds an entry if it is among the highest so far; its name is asked for only then.
  mutating func add(_ count: UInt64, name: () -> String) {
    guard limit > 0 else { return }
    if entries.count == limit, let last = entries.last, last.value >= count { return }
    let at = entries.firstIndex { $0.value < count } ?? entries.count
    entries.insert(StorageStatus.Entry(name: name(), value: count), at: at)
    if entries.count > limit { entries.removeLast() }
  }

  /// Highest first.
  var sorted: [StorageStatus.Entry] { entries }
}
