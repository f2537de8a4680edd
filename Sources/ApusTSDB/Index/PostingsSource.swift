package import ApusModel
package import ApusStorage

/// What the postings algebra needs of an index. Two things provide it: the index of a block and the
/// head.
///
/// A series id is a number that ascends with the order of the series in that index; it means
/// nothing outside of it.
package protocol PostingsSource {
  associatedtype Values: LabelValues

  /// The values of a label; nil where no series has the label.
  func values(of name: String) throws(StorageError) -> Values?

  /// Ids of all series, ascending.
  func allPostings() throws(StorageError) -> [UInt32]

  /// Removes from `ids` the series that do not match all of `matchers`, by their own labels.
  /// Called where few series are left, so that long lists of postings need not be read.
  func keepMatching(_ ids: inout [UInt32], _ matchers: [LabelMatcher]) throws(StorageError)
}

/// The values of one label, numbered from 0 in ascending order of their bytes.
package protocol LabelValues {
  var count: Int { get }

  /// Calls `body` with the bytes of value `index`.
  func withValue<Result>(_ index: Int, _ body: (Span<UInt8>) -> Result) -> Result

  /// How many series have value `index`; cheap, and exact or a little more.
  func postingsCount(_ index: Int) -> Int

  /// Appends the ids of the series with value `index`, ascending.
  func appendPostings(_ index: Int, to ids: inout [UInt32]) throws(StorageError)
}

extension LabelValues {
  /// The first index whose value is not less than `text`; `count` if there is none.
  package func lowerBound(_ text: Span<UInt8>) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if compare(middle, text) < 0 { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The index of a value; nil where no series has it.
  package func index(of text: String) -> Int? {
    let wanted = text.utf8.span
    let at = lowerBound(wanted)
    return at < count && compare(at, wanted) == 0 ? at : nil
  }

  /// The indices of the values that begin with `prefix`.
  package func range(withPrefix prefix: String) -> Range<Int> {
    let wanted = prefix.utf8.span
    let start = lowerBound(wanted)
    var low = start
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if hasPrefix(middle, wanted) { low = middle + 1 } else { high = middle }
    }
    return start..<low
  }

  package func value(_ index: Int) -> String {
    withValue(index) { bytes in
      String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
    }
  }

  private func compare(_ index: Int, _ text: Span<UInt8>) -> Int {
    withValue(index) { compareBytes($0, text) }
  }

  private func hasPrefix(_ index: Int, _ prefix: Span<UInt8>) -> Bool {
    withValue(index) { value in
      value.count >= prefix.count
        && compareBytes(value.extracting(0..<prefix.count), prefix) == 0
    }
  }
}
