internal import ApusModel
internal import ApusStorage
internal import ApusSystem
internal import Synchronization

/// The head's postings as the selection of matchers wants them: series ids are ordinals.
///
/// Everything is copied under the state lock in small pieces and read without it; the lease of
/// the reader keeps it in place.
struct HeadIndex: PostingsSource {
  let head: Head

  typealias Values = HeadLabelValues

  func values(of name: String) throws(StorageError) -> HeadLabelValues? {
    head.values.values(of: name, in: head)
  }

  func allPostings() throws(StorageError) -> [UInt32] {
    let list = head.stateLock.withLock { _ in head.columns.postings.all }
    return list.elements(in: head.columns.slots)
  }

  func keepMatching(
    _ ids: inout [UInt32], _ matchers: [LabelMatcher]
  ) throws(StorageError) {
    let known = head.stateLock.withLock { _ in
      matchers.map { head.columns.symbols.find($0.name.utf8.span) }
    }
    for (matcher, name) in zip(matchers, known) {
      guard let name else {
        if !matcher.matchesEmpty { ids = [] }
        continue
      }
      keep(&ids, matcher, name)
    }
  }

  private func keep(_ ids: inout [UInt32], _ matcher: LabelMatcher, _ name: UInt32) {
    let columns = head.columns
    var judged: [UInt32: Bool] = [:]
    ids.removeAll { ordinal in
      guard let slot = columns.slot(ofOrdinal: ordinal) else { return true }
      let record = columns.states[slot].labelsAddress
      guard let value = columns.labels.value(ofName: name, in: record) else {
        return !matcher.matchesEmpty
      }
      if let known = judged[value] { return !known }
      let matches = matcher.matches(columns.symbols.text(value))
      judged[value] = matches
      return !matches
    }
  }
}

/// The values of one label in the head, by bytes.
struct HeadLabelValues: LabelValues {
  let head: Head
  /// Pairs of the postings, ascending by the bytes of their values.
  let pairs: [UInt32]

  var count: Int { pairs.count }

  func withValue<Result>(_ index: Int, _ body: (Span<UInt8>) -> Result) -> Result {
    body(head.columns.symbols.text(head.columns.postings.pair(pairs[index]).value))
  }

  func postingsCount(_ index: Int) -> Int {
    head.stateLock.withLock { _ in Int(head.columns.postings.pair(pairs[index]).list.count) }
  }

  func appendPostings(_ index: Int, to ids: inout [UInt32]) throws(StorageError) {
    let list = head.stateLock.withLock { _ in head.columns.postings.pair(pairs[index]).list }
    list.appendElements(to: &ids, in: head.columns.slots)
  }
}

/// The sorted values of the labels that were asked for, brought up to date when they are asked for
/// again: sorting happens on the reader's time, never on the appender's.
final class HeadLabelValuesCache: Sendable {
  private struct Sorted {
    var pairs: [UInt32]
    /// Values that the name had, in order of appearance, when this was sorted.
    var seen: Int
    /// Removals from the postings at that time.
    var generation: UInt64
  }

  private let known = Mutex<[UInt32: Sorted]>([:])

  /// The values of a label; nil where no series has it. The caller holds a lease.
  func values(of name: String, in head: Head) -> HeadLabelValues? {
    let columns = head.columns
    let now = head.stateLock.withLock { _ -> (id: UInt32, list: SlotList, generation: UInt64)? in
      guard let id = columns.symbols.find(name.utf8.span),
        let list = columns.postings.pairs(ofName: id)
      else { return nil }
      return (id, list, columns.postings.generation)
    }
    guard let now else { return nil }
    let old = known.withLock { $0[now.id] }
    if let old, old.generation == now.generation, old.seen == now.list.count {
      return HeadLabelValues(head: head, pairs: old.pairs)
    }
    var pairs: [UInt32] = []
    var fresh = now.list.elements(in: columns.slots)
    if let old, old.generation == now.generation, old.seen < fresh.count {
      pairs = old.pairs
      fresh.removeFirst(old.seen)
    }
    let isBefore = { (a: UInt32, b: UInt32) -> Bool in
      let textA = columns.symbols.text(columns.postings.pair(a).value)
      let textB = columns.symbols.text(columns.postings.pair(b).value)
      return compareBytes(textA, textB) < 0
    }
    fresh.sort(by: isBefore)
    pairs = merge(pairs, fresh, isBefore)
    let sorted = Sorted(pairs: pairs, seen: Int(now.list.count), generation: now.generation)
    known.withLock { $0[now.id] = sorted }
    return HeadLabelValues(head: head, pairs: pairs)
  }

  private func merge(
    _ a: [UInt32], _ b: [UInt32], _ isBefore: (UInt32, UInt32) -> Bool
  ) -> [UInt32] {
    if a.isEmpty { return b }
    var out: [UInt32] = []
    out.reserveCapacity(a.count + b.count)
    var from = 0
    for new in b {
      // Few new ones among many old ones: search, then copy the run between.
      var low = from
      var high = a.count
      while low < high {
        let middle = (low + high) / 2
        if isBefore(a[middle], new) { low = middle + 1 } else { high = middle }
      }
      out.append(contentsOf: a[from..<low])
      out.append(new)
      from = low
    }
    out.append(contentsOf: a[from...])
    return out
  }
}
