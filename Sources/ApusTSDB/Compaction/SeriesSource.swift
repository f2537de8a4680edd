package import ApusStorage

/// Series with their chunks, from which a block is written. The head provides one, and so do
/// blocks that are merged.
package protocol SeriesSource: AnyObject {
  /// All label names and values that series will have; others may be among them.
  func symbols() throws(StorageError) -> SymbolList

  /// Fills `series` with the next one in label order; false, with `series` empty, at the end.
  func next(_ series: inout SourceSeries) throws(StorageError) -> Bool
}

/// One series on its way into a block. Reused from series to series.
package struct SourceSeries: ~Copyable {
  /// Numbers of name and value of each label in turn, of the symbols of the source; names ascend.
  package var labels: [UInt32] = []
  /// They may overlap, stand in any order, and reach over the ends of the block. Of samples with
  /// the same time, that of the chunk that was added first stays.
  package var chunks = SeriesChunks()
  /// What is deleted of some of the chunks, and must not reach the block.
  package private(set) var deletions: [Deletion] = []

  package struct Deletion: Sendable {
    package let chunks: Range<Int>
    package let intervals: DeletedIntervals
  }

  package init() {}

  package mutating func removeAll() {
    labels.removeAll(keepingCapacity: true)
    chunks.removeAll()
    deletions.removeAll(keepingCapacity: true)
  }

  /// Marks samples of the chunks added so far, from index `first` on, as deleted.
  package mutating func delete(_ intervals: DeletedIntervals, fromChunk first: Int = 0) {
    guard !intervals.isEmpty, first < chunks.chunks.count else { return }
    deletions.append(Deletion(chunks: first..<chunks.chunks.count, intervals: intervals))
  }

  /// What is deleted of a chunk; nil if nothing is.
  func deleted(ofChunk index: Int) -> DeletedIntervals? {
    var all: DeletedIntervals?
    for deletion in deletions where deletion.chunks.contains(index) {
      all = all ?? DeletedIntervals()
      all?.add(deletion.intervals)
    }
    return all
  }
}
