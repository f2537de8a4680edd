internal import ApusModel
internal import ApusStorage
internal import Synchronization

/// Head and blocks that touch a range of time, as one.
///
/// Each call looks at the head first and at the blocks afterwards: what leaves the head stands in a
/// block by then, and what is in both is given once. Nothing is missed while blocks are cut.
final class TSDBQuerier: Querier {
  private let store: TSDB
  private let range: TimeRange
  /// What was selected for all at one moment.
  private let held = Mutex<[Held]>([])

  private struct Held {
    let matchers: [LabelMatcher]
    /// Nil where the head had nothing in the range.
    let selection: HeadSelection?
  }

  init(_ store: TSDB, in range: TimeRange) {
    self.store = store
    self.range = range
  }

  func hold(_ selectors: [[LabelMatcher]]) throws(StorageError) {
    let found = isInHead(range) ? try store.head.select(selectors, in: range) : []
    let new = selectors.indices.map {
      Held(matchers: selectors[$0], selection: found.isEmpty ? nil : found[$0])
    }
    held.withLock { $0 = new }
  }

  func select(
    _ matchers: [LabelMatcher], in wanted: TimeRange, hints: SelectHints
  ) throws(StorageError) -> any SeriesCursor {
    let range = TimeRange(max(wanted.minMs, range.minMs), min(wanted.maxMs, range.maxMs))
    guard !range.isEmpty else { return EmptySeriesCursor() }
    var hints = hints
    // Merging needs the order, whatever the caller wants.
    if hasBlocks(in: range) { hints.isSorted = true }
    var selection = try select(matchers, in: range, hints)
    let blocks = store.blocks(in: range)
    if !blocks.isEmpty && !hints.isSorted {
      // The first block in this range came just now.
      hints.isSorted = true
      selection = try select(matchers, in: range, hints)
    }
    // Of two samples at one time that which came in order is given.
    var cursors: [any SeriesCursor] = []
    for block in blocks where !block.meta.compaction.isFromOutOfOrder {
      cursors.append(try block.querier(in: range).select(matchers, in: range, hints: hints))
    }
    if let selection, !selection.states.isEmpty {
      cursors.append(HeadCursor(selection, in: range))
    }
    for block in blocks where block.meta.compaction.isFromOutOfOrder {
      cursors.append(try block.querier(in: range).select(matchers, in: range, hints: hints))
    }
    if cursors.count == 1 { return cursors[0] }
    return cursors.isEmpty ? EmptySeriesCursor() : MergedCursor(cursors, limit: hints.limit)
  }

  private func select(
    _ matchers: [LabelMatcher], in range: TimeRange, _ hints: SelectHints
  ) throws(StorageError) -> HeadSelection? {
    if let known = held.withLock({ held in held.first { $0.matchers == matchers } }) {
      guard var selection = known.selection else { return nil }
      selection.narrow(to: range)
      selection.arrange(isSorted: hints.isSorted, limit: hints.limit)
      return selection
    }
    guard isInHead(range) else { return nil }
    return try store.head.select(
      matchers, in: range, isSorted: hints.isSorted, limit: hints.limit)
  }

  private func isInHead(_ range: TimeRange) -> Bool { store.head.range?.overlaps(range) ?? false }

  private func hasBlocks(in range: TimeRange) -> Bool { !store.blocks(in: range).isEmpty }

  func labelNames(
    matching matchers: [LabelMatcher], limit: Int
  ) throws(StorageError) -> [String] {
    var lists: [[String]] = []
    if isInHead(range) { lists.append(try store.head.labelNames(matchers)) }
    for block in store.blocks(in: range) {
      lists.append(try block.querier(in: range).labelNames(matching: matchers, limit: 0))
    }
    return SortedText.merge(lists, limit: limit)
  }

  func labelValues(
    of name: String, matching matchers: [LabelMatcher], limit: Int
  ) throws(StorageError) -> [String] {
    var lists: [[String]] = []
    if isInHead(range) { lists.append(try store.head.labelValues(of: name, matchers)) }
    for block in store.blocks(in: range) {
      let querier = block.querier(in: range)
      lists.append(try querier.labelValues(of: name, matching: matchers, limit: limit))
    }
    return SortedText.merge(lists, limit: limit)
  }
}
