internal import ApusModel
internal import ApusStorage
internal import ApusSystem

/// The series of several blocks as one sorted sequence. Series with the same labels become one,
/// with the chunks of all blocks.
///
/// Labels are compared as numbers: every block's symbols are mapped once to their places among
/// the symbols of all, whose order is that of the texts.
final class MergedSeriesSource: SeriesSource {
  private let merged: SymbolList
  private var readers: [BlockSeriesReader]

  /// - Parameter blocks: in the order in which equal times are decided, the first one wins.
  init(_ blocks: [Block]) throws(StorageError) {
    let (merged, maps) = SymbolMerge.merge(blocks.map(\.index))
    self.merged = merged
    var readers: [BlockSeriesReader] = []
    for (block, map) in zip(blocks, maps) {
      var reader = BlockSeriesReader(
        block: block, ids: try block.index.allPostings(), map: map, tombstones: block.tombstones)
      try reader.advance()
      readers.append(reader)
    }
    self.readers = readers
  }

  func symbols() -> SymbolList { merged }

  func next(_ series: inout SourceSeries) throws(StorageError) -> Bool {
    series.removeAll()
    guard let least = leastReader() else { return false }
    series.labels = readers[least].labels
    for index in least..<readers.count
    where !readers[index].isAtEnd && readers[index].labels == series.labels {
      try readers[index].appendChunks(to: &series)
      try readers[index].advance()
    }
    return true
  }

  /// The first of the readers with the least labels.
  private func leastReader() -> Int? {
    var least: Int?
    for index in readers.indices where !readers[index].isAtEnd {
      guard let known = least else {
        least = index
        continue
      }
      if IndexWriter.compare(readers[index].labels, readers[known].labels) < 0 { least = index }
    }
    return least
  }
}

/// Walks the series of one block.
private struct BlockSeriesReader {
  let block: Block
  let ids: [UInt32]
  let map: SymbolMap
  let tombstones: Tombstones

  /// Of the current series, in numbers of the merged symbols.
  private(set) var labels: [UInt32] = []
  private(set) var isAtEnd = false
  private var entry = SeriesEntry()
  private var at = -1

  init(block: Block, ids: [UInt32], map: SymbolMap, tombstones: Tombstones) {
    self.block = block
    self.ids = ids
    self.map = map
    self.tombstones = tombstones
  }

  mutating func advance() throws(StorageError) {
    at += 1
    guard at < ids.count else {
      isAtEnd = true
      return
    }
    try block.index.read(ids[at], into: &entry)
    labels.removeAll(keepingCapacity: true)
    for symbol in entry.symbols {
      guard let number = map[symbol] else {
        throw block.index.corrupt("series \(ids[at]) names symbol \(symbol), which is not there")
      }
      labels.append(number)
    }
  }

  func appendChunks(to series: inout SourceSeries) throws(StorageError) {
    let first = series.chunks.chunks.count
    for chunk in entry.chunks {
      let location = try block.chunks.chunk(chunk.ref)
      series.chunks.append(
        encoding: location.encoding, minTimeMs: chunk.minTimeMs, maxTimeMs: chunk.maxTimeMs,
        location.file.span.extracting(location.range))
    }
    if let deleted = tombstones[ids[at]] { series.delete(deleted, fromChunk: first) }
  }
}

private func isLess(_ a: [UInt8], _ b: [UInt8]) -> Bool { compareBytes(a.span, b.span) < 0 }

/// The symbols of one index in numbers of another list.
struct SymbolMap {
  /// By symbol number, or for an index of version 1 by its place.
  fileprivate var numbers: [UInt32] = []
  /// Of an index of version 1, which names symbols by position: position to place.
  fileprivate var places: [UInt32: UInt32]?

  @inline(__always)
  subscript(reference: UInt32) -> UInt32? {
    if let places {
      return places[reference].map { numbers[Int($0)] }
    }
    return Int(reference) < numbers.count ? numbers[Int(reference)] : nil
  }
}

enum SymbolMerge {
  /// The symbols of all indices, and each index's own in numbers of those.
  static func merge(_ indices: [IndexReader]) -> (SymbolList, [SymbolMap]) {
    var merged = SymbolList()
    var maps = indices.map { index in
      var map = SymbolMap()
      map.numbers.reserveCapacity(index.symbolCount)
      if index.version == 1 {
        map.places = [:]
        for place in 0..<index.symbolCount {
          map.places?[index.symbols.reference(place)] = UInt32(place)
        }
      }
      return map
    }
    var texts = indices.map { $0.symbolCount > 0 ? $0.symbol(0) : [] }
    while true {
      var least: Int?
      for place in indices.indices where maps[place].numbers.count < indices[place].symbolCount {
        guard let known = least else {
          least = place
          continue
        }
        if isLess(texts[place], texts[known]) { least = place }
      }
      guard let least else { return (merged, maps) }
      let text = texts[least]
      let number = UInt32(merged.count)
      merged.append(text.span)
      for place in indices.indices where maps[place].numbers.count < indices[place].symbolCount {
        if texts[place] == text {
          maps[place].numbers.append(number)
          let next = maps[place].numbers.count
          if next < indices[place].symbolCount { texts[place] = indices[place].symbol(next) }
        }
      }
    }
  }
}
