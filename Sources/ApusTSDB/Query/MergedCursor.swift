internal import ApusModel
internal import ApusStorage

/// Series of several sources in label order, each once; samples that more than one source has are
/// given once. All sources must be sorted.
final class MergedCursor: SeriesCursor {
  private struct Source {
    let cursor: any SeriesCursor
    /// Of the series it stands on; nil at its end.
    var labels: Labels?
  }

  private var sources: [Source] = []
  /// Those that stand on the current series, in the order given.
  private var current: [Int] = []
  private var hasBegun = false
  private var scratch = SampleBatch()

  private var left: Int

  /// - Parameters:
  ///   - cursors: of two samples at one time that of the earlier cursor is given. Those that
  ///     mostly hold older samples had better stand first.
  ///   - limit: at most this many series; 0 for no bound.
  init(_ cursors: [any SeriesCursor], limit: Int = 0) {
    left = limit > 0 ? limit : .max
    sources = cursors.map { Source(cursor: $0, labels: nil) }
  }

  func next() throws(StorageError) -> Bool {
    guard left > 0 else { return false }
    left -= 1
    if hasBegun {
      for index in current { try advance(index) }
    } else {
      for index in sources.indices { try advance(index) }
      hasBegun = true
    }
    current.removeAll(keepingCapacity: true)
    for index in sources.indices {
      guard let labels = sources[index].labels else { continue }
      guard let first = current.first, let least = sources[first].labels else {
        current.append(index)
        continue
      }
      switch Labels.compare(labels.bytes.span, least.bytes.span) {
      case 0: current.append(index)
      case -1: current = [index]
      default: continue
      }
    }
    return !current.isEmpty
  }

  /// Most series are in all of the sources.
  var seriesCount: Int? { sources.map { $0.cursor.seriesCount ?? 0 }.max() }

  var labels: Labels { current.first.flatMap { sources[$0].labels } ?? .empty }

  func read(into batch: inout SampleBatch) throws(StorageError) {
    guard let first = current.first else { return }
    let mark = batch.mark
    try sources[first].cursor.read(into: &batch)
    for index in current.dropFirst() {
      scratch.removeAll()
      try sources[index].cursor.read(into: &scratch)
      batch.merge(scratch, behind: mark)
    }
  }

  func latest(
    atMs: Int64, newerThanMs oldestMs: Int64
  ) throws(StorageError) -> LatestSample? {
    var newest: LatestSample?
    // The youngest source mostly has it; the others are then asked for younger ones only.
    for index in current.reversed() {
      let bound = max(oldestMs, newest?.timeMs ?? .min)
      let found = try sources[index].cursor.latest(atMs: atMs, newerThanMs: bound)
      if let found { newest = found }
    }
    return newest
  }

  private func advance(_ index: Int) throws(StorageError) {
    let hasNext = try sources[index].cursor.next()
    sources[index].labels = hasNext ? sources[index].cursor.labels : nil
  }
}
