package import ApusModel
package import ApusStorage
package import ApusSystem

/// The mapped index of a block. Tables of contents, symbols and offsets are checked and read once;
/// entries and postings are checked each time they are read.
package final class IndexReader: Sendable {
  package let path: String
  package let version: UInt8
  let file: ByteSlice
  let symbols: SymbolTable
  let table: PostingsTable
  private let contents: IndexContents

  /// - Throws: `corrupt` or `system`, naming the file.
  package init(path: String, files: any FileSystem) throws(StorageError) {
    self.path = path
    let file = try withFiles("open index") { () throws(PosixError) in try files.map(path) }
    self.file = file
    let all = file.span
    do {
      guard all.count >= IndexFormat.headerBytes else { throw Malformed("the header is missing") }
      var header = ByteReader(all)
      let magic = try header.be32()
      guard magic == IndexFormat.magic else {
        throw Malformed("invalid magic number \(String(magic, radix: 16))")
      }
      version = try header.u8()
      guard (1...IndexFormat.versionMax).contains(version) else {
        throw Malformed("unknown index file version \(version)")
      }
      contents = try IndexContents(all)
      symbols = try SymbolTable(all, start: Int(contents.symbols), version: version)
      table = try PostingsTable(all, start: Int(contents.postingsTable))
    } catch {
      throw Self.corrupt(path, "\(error)")
    }
  }

  package var sizeBytes: Int { file.count }

  package var symbolCount: Int { symbols.count }

  /// The series whose entry stands first; nil where there is none.
  var firstSeries: UInt32? {
    guard contents.series < contents.labelIndices else { return nil }
    let alignment = version == 1 ? 1 : UInt64(IndexFormat.seriesAlignment)
    return UInt32(exactly: (contents.series + alignment - 1) / alignment)
  }

  /// Symbol `index` in ascending order.
  package func symbol(_ index: Int) -> [UInt8] {
    let file = file
    return symbolRange(symbols.reference(index))
      .map { [UInt8](copying: file.span.extracting($0)) } ?? []
  }

  /// Label names, ascending by bytes.
  package var labelNames: [String] { table.names.filter { !$0.isEmpty } }

  /// Reads the entry of a series.
  package func read(
    _ id: UInt32, into entry: inout SeriesEntry, wantsChunks: Bool = true
  ) throws(StorageError) {
    let file = file
    let start = version == 1 ? Int(id) : Int(id) * IndexFormat.seriesAlignment
    guard start >= IndexFormat.headerBytes, start < file.count else {
      throw corrupt("series \(id) lies outside of the file")
    }
    do {
      var reader = ByteReader(file.span, at: start)
      let body = try reader.uvarintSlice()
      guard try reader.be32() == CRC32C.of(body) else { throw Malformed("checksum did not match") }
      try entry.decode(body, wantsChunks: wantsChunks)
      for symbol in entry.symbols where !symbols.has(symbol, in: file.span) {
        throw Malformed("it names symbol \(symbol), which is not there")
      }
    } catch {
      throw corrupt("series \(id): \(error)")
    }
  }

  /// The labels of an entry.
  /// - Parameter wanted: the names of labels to keep; nil for all.
  package func labels(
    of entry: SeriesEntry, keeping wanted: [String]? = nil
  ) throws(StorageError) -> Labels {
    var encoder = LabelsEncoder()
    let file = file
    let all = file.span
    for index in stride(from: 0, to: entry.symbols.count - 1, by: 2) {
      guard let name = symbolRange(entry.symbols[index]),
        let value = symbolRange(entry.symbols[index + 1]),
        name.count < 1 << 24, value.count < 1 << 24
      else { throw corrupt("a series names symbol \(entry.symbols[index]), which is not there") }
      // The empty value is no label.
      if value.isEmpty { continue }
      if let wanted, !isAny(of: wanted, all.extracting(name)) { continue }
      encoder.append(name: all.extracting(name), value: all.extracting(value))
    }
    return encoder.labels()
  }

  func symbolRange(_ reference: UInt32) -> Range<Int>? {
    let file = file
    return symbols.range(of: reference, in: file.span)
  }

  func corrupt(_ what: String) -> StorageError { Self.corrupt(path, what) }

  private static func corrupt(_ path: String, _ what: String) -> StorageError {
    StorageError(
      .corrupt, "index \(path): \(what). Restore the block, or move its directory aside.")
  }
}

extension IndexReader: PostingsSource {
  package func values(of name: String) throws(StorageError) -> IndexLabelValues? {
    guard !name.isEmpty, let entries = table.entries(of: name) else { return nil }
    return IndexLabelValues(index: self, entries: entries)
  }

  package func allPostings() throws(StorageError) -> [UInt32] {
    var ids: [UInt32] = []
    guard let entries = table.entries(of: "") else { return ids }
    for entry in entries { try appendPostings(entry, to: &ids) }
    return ids
  }

  func appendPostings(_ entry: Int, to ids: inout [UInt32]) throws(StorageError) {
    let file = file
    let position = table.position(entry, in: file.span)
    do {
      var reader = ByteReader(file.span, at: position)
      let length = Int(try reader.be32())
      let body = try reader.slice(length)
      guard try reader.be32() == CRC32C.of(body) else { throw Malformed("checksum did not match") }
      var list = ByteReader(body)
      let count = Int(try list.be32())
      guard count * 4 == list.remaining else {
        throw Malformed("\(list.remaining) bytes for \(count) series")
      }
      for _ in 0..<count { ids.append(try list.be32()) }
    } catch {
      throw corrupt("postings at \(position): \(error)")
    }
  }

  func postingsCount(_ entry: Int) -> Int {
    let file = file
    var reader = ByteReader(file.span, at: table.position(entry, in: file.span))
    guard let length = try? reader.be32() else { return 0 }
    return Int(length) / 4
  }

  package func keepMatching(
    _ ids: inout [UInt32], _ matchers: [LabelMatcher]
  ) throws(StorageError) {
    let file = file
    let all = file.span
    let names = matchers.map { symbols.reference(of: $0.name, in: all) }
    let matchesEmpty = matchers.map(\.matchesEmpty)
    // The answers for the value seen last: neighbours often share it.
    var seen = [UInt32?](repeating: nil, count: matchers.count)
    var answers = [Bool](repeating: false, count: matchers.count)
    var entry = SeriesEntry()
    var kept = 0
    next: for id in ids {
      try read(id, into: &entry, wantsChunks: false)
      for index in matchers.indices {
        guard let name = names[index], let value = entry.value(of: name) else {
          if matchesEmpty[index] { continue }
          continue next
        }
        if seen[index] != value {
          guard let range = symbolRange(value) else {
            throw corrupt("series \(id) names symbol \(value), which is not there")
          }
          answers[index] = matchers[index].matches(all.extracting(range))
          seen[index] = value
        }
        guard answers[index] else { continue next }
      }
      ids[kept] = id
      kept += 1
    }
    ids.removeSubrange(kept...)
  }
}

extension SeriesEntry {
  /// The symbol of the value of a label; nil where the series does not have it.
  @inline(__always)
  func value(of name: UInt32) -> UInt32? {
    var index = 0
    while index + 1 < symbols.count {
      if symbols[index] == name { return symbols[index + 1] }
      index += 2
    }
    return nil
  }
}

/// The values of one label in the index of a block.
package struct IndexLabelValues: LabelValues {
  fileprivate let index: IndexReader
  fileprivate let entries: Range<Int>

  package var count: Int { entries.count }

  package func withValue<Result>(_ at: Int, _ body: (Span<UInt8>) -> Result) -> Result {
    let file = index.file
    let all = file.span
    return body(all.extracting(index.table.value(entries.lowerBound + at, in: all)))
  }

  package func postingsCount(_ at: Int) -> Int { index.postingsCount(entries.lowerBound + at) }

  package func appendPostings(_ at: Int, to ids: inout [UInt32]) throws(StorageError) {
    try index.appendPostings(entries.lowerBound + at, to: &ids)
  }
}
