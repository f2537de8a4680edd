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
  /// In order of time. They may overlap, and reach over the ends of the block.
  package var chunks = SeriesChunks()
  /// What is deleted and must not reach the block.
  package var deleted = DeletedIntervals()

  package init() {}

  package mutating func removeAll() {
    labels.removeAll(keepingCapacity: true)
    chunks.removeAll()
    deleted = DeletedIntervals()
  }
}
