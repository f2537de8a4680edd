internal import ApusModel
internal import ApusStorage

/// Head and blocks that touch a range of time, as one.
final class TSDBQuerier: Querier {
  private let head: Head?
  private let range: TimeRange

  init(head: Head?, range: TimeRange) {
    self.head = head
    self.range = range
  }

  func select(
    _ matchers: [LabelMatcher], in wanted: TimeRange, hints: SelectHints
  ) throws(StorageError) -> any SeriesCursor {
    let range = TimeRange(max(wanted.minMs, range.minMs), min(wanted.maxMs, range.maxMs))
    guard !range.isEmpty else { return EmptySeriesCursor() }
    guard let head else { return EmptySeriesCursor() }
    let selection = try head.select(
      matchers, in: range, isSorted: hints.isSorted, limit: hints.limit)
    return HeadCursor(selection, in: range)
  }

  func labelNames(
    matching matchers: [LabelMatcher], limit: Int
  ) throws(StorageError) -> [String] {
    var lists: [[String]] = []
    if let head { lists.append(try head.labelNames(matchers)) }
    return SortedText.merge(lists, limit: limit)
  }

  func labelValues(
    of name: String, matching matchers: [LabelMatcher], limit: Int
  ) throws(StorageError) -> [String] {
    var lists: [[String]] = []
    if let head { lists.append(try head.labelValues(of: name, matchers)) }
    return SortedText.merge(lists, limit: limit)
  }
}
