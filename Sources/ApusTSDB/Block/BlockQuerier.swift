package import ApusModel
package import ApusStorage
internal import ApusSystem

/// A consistent view of one block: its tombstones are those of the moment it was made.
package struct BlockQuerier: Querier {
  private let block: Block
  private let range: TimeRange
  private let tombstones: Tombstones

  init(_ block: Block, range: TimeRange) {
    self.block = block
    self.range = range
    tombstones = block.tombstones
  }

  package func select(
    _ matchers: [LabelMatcher], in range: TimeRange, hints: SelectHints
  ) throws(StorageError) -> any SeriesCursor {
    // Ids ascend with the labels, so the order is always the sorted one.
    let ids = try PostingsSelection(block.index).select(matchers)
    let wanted = TimeRange(
      max(range.minMs, self.range.minMs), min(range.maxMs, self.range.maxMs))
    return BlockSeriesCursor(
      block, ids: ids, range: wanted, tombstones: tombstones, limit: hints.limit)
  }

  package func labelNames(
    matching matchers: [LabelMatcher], limit: Int
  ) throws(StorageError) -> [String] {
    let index = block.index
    guard !matchers.isEmpty else { return index.labelNames.limited(to: limit) }
    var seen = Set<UInt32>()
    var entry = SeriesEntry()
    for id in try PostingsSelection(index).select(matchers) {
      try index.read(id, into: &entry, wantsChunks: false)
      for at in stride(from: 0, to: entry.symbols.count, by: 2) { seen.insert(entry.symbols[at]) }
    }
    return try index.texts(of: seen).limited(to: limit)
  }

  package func labelValues(
    of name: String, matching matchers: [LabelMatcher], limit: Int
  ) throws(StorageError) -> [String] {
    let index = block.index
    guard let values = try index.values(of: name) else { return [] }
    let most = limit > 0 ? limit : Int.max
    if matchers.allSatisfy({ $0.name == name }) {
      // Every value has a series, and nothing else is asked of it.
      var found: [String] = []
      for at in 0..<values.count where found.count < most {
        let isWanted = values.withValue(at) { text in
          text.count > 0 && matchers.allSatisfy { $0.matches(text) }
        }
        if isWanted { found.append(values.value(at)) }
      }
      return found
    }
    let ids = try PostingsSelection(index).select(matchers)
    // Reading a series takes about as long as reading a hundred ids.
    if ids.count * 100 > (0..<values.count).reduce(0, { $0 + values.postingsCount($1) }) {
      return try values.texts(amongSeries: ids, most: most)
    }
    guard let symbol = index.symbolReference(of: name) else { return [] }
    var seen = Set<UInt32>()
    var entry = SeriesEntry()
    for id in ids {
      try index.read(id, into: &entry, wantsChunks: false)
      if let value = entry.value(of: symbol) { seen.insert(value) }
    }
    return try index.texts(of: seen).limited(to: limit)
  }
}

extension LabelValues {
  /// The values that at least one of some series has, ascending, not more than `most`.
  package func texts(amongSeries ids: [UInt32], most: Int) throws(StorageError) -> [String] {
    var found: [String] = []
    var list: [UInt32] = []
    for at in 0..<count {
      if found.count >= most { break }
      list.removeAll(keepingCapacity: true)
      try appendPostings(at, to: &list)
      if PostingsAlgebra.intersects(ids.span, list.span) { found.append(value(at)) }
    }
    return found.filter { !$0.isEmpty }
  }
}

extension IndexReader {
  func symbolReference(of text: String) -> UInt32? {
    let file = file
    return symbols.reference(of: text, in: file.span)
  }

  /// The texts of symbols, ascending by bytes, without the empty one.
  func texts(of references: Set<UInt32>) throws(StorageError) -> [String] {
    let file = file
    var texts: [String] = []
    for reference in references {
      guard let range = symbolRange(reference) else {
        throw corrupt("a series names symbol \(reference), which is not there")
      }
      if !range.isEmpty { texts.append(String(copying: file.span.extracting(range))) }
    }
    return texts.sorted { compareBytes($0.utf8.span, $1.utf8.span) < 0 }
  }
}

extension [String] {
  /// The first so many; all where `limit` is 0.
  func limited(to limit: Int) -> [String] { limit > 0 ? Array(prefix(limit)) : self }
}
