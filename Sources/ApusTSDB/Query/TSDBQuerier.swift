internal import ApusModel
internal import ApusStorage

/// Head and blocks that touch a range of time, as one.
final class TSDBQuerier: Querier {
  private let head: Head?
  /// By time, oldest first.
  private let blocks: [BlockQuerier]
  private let range: TimeRange

  init(head: Head?, blocks: [Block], range: TimeRange) {
    self.head = head
    self.blocks = blocks.map { $0.querier(in: range) }
    self.range = range
  }

  func select(
    _ matchers: [LabelMatcher], in wanted: TimeRange, hints: SelectHints
  ) throws(StorageError) -> any SeriesCursor {
    let range = TimeRange(max(wanted.minMs, range.minMs), min(wanted.maxMs, range.maxMs))
    guard !range.isEmpty else { return EmptySeriesCursor() }
    var hints = hints
    // Merging needs the order, whatever the caller wants.
    if !blocks.isEmpty { hints.isSorted = true }
    var cursors: [any SeriesCursor] = []
    for block in blocks { cursors.append(try block.select(matchers, in: range, hints: hints)) }
    if let head {
      let selection = try head.select(
        matchers, in: range, isSorted: hints.isSorted, limit: hints.limit)
      if !selection.states.isEmpty { cursors.append(HeadCursor(selection, in: range)) }
    }
    if cursors.count == 1 { return cursors[0] }
    return cursors.isEmpty ? EmptySeriesCursor() : MergedCursor(cursors, limit: hints.limit)
  }

  func labelNames(
    matching matchers: [LabelMatcher], limit: Int
  ) throws(StorageError) -> [String] {
    var lists: [[String]] = []
    for block in blocks { lists.append(try block.labelNames(matching: matchers, limit: 0)) }
    if let head { lists.append(try head.labelNames(matchers)) }
    return SortedText.merge(lists, limit: limit)
  }

  func labelValues(
    of name: String, matching matchers: [LabelMatcher], limit: Int
  ) throws(StorageError) -> [String] {
    var lists: [[String]] = []
    for block in blocks {
      lists.append(try block.labelValues(of: name, matching: matchers, limit: limit))
    }
    if let head { lists.append(try head.labelValues(of: name, matchers)) }
    return SortedText.merge(lists, limit: limit)
  }
}
