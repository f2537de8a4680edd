internal import ApusModel
internal import ApusStorage
internal import ApusSystem
internal import Synchronization

extension Head {
  /// Label names, sorted, of the series that match; of all without matchers.
  func labelNames(_ matchers: [LabelMatcher]) throws(StorageError) -> [String] {
    let lease = epochs.enter()
    defer { withExtendedLifetime(lease) {} }
    var ids = Set<UInt32>()
    if matchers.isEmpty {
      ids = stateLock.withLock { _ in Set(columns.postings.nameIDs) }
    } else {
      for ordinal in try PostingsSelection(HeadIndex(head: self)).select(matchers) {
        guard let slot = columns.slot(ofOrdinal: ordinal) else { continue }
        let record = columns.states[slot].labelsAddress
        for i in 0..<columns.labels.count(record) {
          ids.insert(columns.labels.name(i, of: record))
        }
      }
    }
    return SortedText.sort(ids.map { columns.symbols.string($0) })
  }

  /// Values of a label, sorted, among the series that match; of all without matchers.
  func labelValues(
    of name: String, _ matchers: [LabelMatcher]
  ) throws(StorageError) -> [String] {
    let lease = epochs.enter()
    defer { withExtendedLifetime(lease) {} }
    if matchers.isEmpty {
      guard let all = values.values(of: name, in: self) else { return [] }
      return (0..<all.count).map { all.value($0) }
    }
    let nameID = stateLock.withLock { _ in columns.symbols.find(name.utf8.span) }
    guard let nameID else { return [] }
    var ids = Set<UInt32>()
    for ordinal in try PostingsSelection(HeadIndex(head: self)).select(matchers) {
      guard let slot = columns.slot(ofOrdinal: ordinal) else { continue }
      let record = columns.states[slot].labelsAddress
      if let value = columns.labels.value(ofName: nameID, in: record) { ids.insert(value) }
    }
    return SortedText.sort(ids.map { columns.symbols.string($0) })
  }
}

/// Pure: texts in the order of their bytes, which is not the order of Swift's strings.
enum SortedText {
  static func isBefore(_ a: String, _ b: String) -> Bool {
    compareBytes(a.utf8.span, b.utf8.span) < 0
  }

  static func sort(_ texts: [String]) -> [String] { texts.sorted(by: isBefore) }

  /// The union of sorted lists, the first `limit` of it; 0 for all.
  static func merge(_ lists: [[String]], limit: Int) -> [String] {
    var merged = lists.first ?? []
    for list in lists.dropFirst() { merged = merge(merged, list) }
    if limit > 0 && merged.count > limit { merged.removeSubrange(limit...) }
    return merged
  }

  private static func merge(_ a: [String], _ b: [String]) -> [String] {
    if a.isEmpty || b.isEmpty { return a + b }
    var out: [String] = []
    out.reserveCapacity(max(a.count, b.count))
    var i = 0
    var j = 0
    while i < a.count && j < b.count {
      let order = compareBytes(a[i].utf8.span, b[j].utf8.span)
      out.append(order <= 0 ? a[i] : b[j])
      if order <= 0 { i += 1 }
      if order >= 0 { j += 1 }
    }
    out += a[i...]
    out += b[j...]
    return out
  }
}
