internal import ApusModel
package import ApusStorage
package import ApusSystem

/// Writes the index of a block, version 2: symbols, then series in label order, then postings,
/// their offsets and the table of contents. `IndexFormat` draws it.
///
/// What it keeps per series is four bytes: the postings are gathered at the end, some label names
/// at a time, from the series section of the file itself.
package final class IndexWriter {
  private let path: String
  private let files: any FileSystem
  private let symbols: SymbolList
  private var out: BufferedFile
  private var entry = ByteWriter()
  private var contents = IndexContents()

  /// Ids of all series, ascending.
  private var ids: [UInt32] = []
  /// Labels of the series added last.
  private var last: [UInt32] = []
  /// By symbol number: 1 + the place in `nameCounts`, or 0 if the symbol names no label so far.
  private var namePlaces: [UInt32]
  /// How many series have each label name.
  private var nameCounts: [(name: UInt32, count: Int)] = []

  /// So many postings are gathered at a time: 8 bytes each.
  static let gatheredMax = 4 << 20

  package init(
    path: String, symbols: SymbolList, files: any FileSystem
  ) throws(StorageError) {
    self.path = path
    self.files = files
    self.symbols = symbols
    namePlaces = [UInt32](repeating: 0, count: symbols.count)
    out = try BufferedFile("index", path: path, files: files)
    try out.put {
      $0.be32(IndexFormat.magic)
      $0.u8(IndexFormat.versionWritten)
    }
    try writeSymbols()
    contents.series = UInt64(out.position)
  }

  /// Adds a series.
  ///
  /// - Parameters:
  ///   - labels: symbol numbers of name and value of each label in turn, names ascending; greater
  ///     than those of the series before.
  ///   - chunks: in order of time, not overlapping, refs ascending.
  package func add(_ labels: [UInt32], _ chunks: [ChunkMeta]) throws(StorageError) {
    guard ids.isEmpty || Self.compare(last, labels) < 0 else {
      throw StorageError(.corrupt, "index \(path): out-of-order series added: \(text(labels))")
    }
    try out.pad(to: IndexFormat.seriesAlignment)
    guard out.position < IndexFormat.fileBytesMax else {
      throw StorageError(.system, "index \(path) exceeds 64 GiB: make shorter blocks")
    }
    ids.append(UInt32(out.position / IndexFormat.seriesAlignment))
    entry.removeAll()
    SeriesEntry.encode(labels, chunks, into: &entry)
    try out.putFramed(entry)
    for index in stride(from: 0, to: labels.count, by: 2) { count(labels[index]) }
    last = labels
  }

  /// Writes the rest and makes the file durable; returns its length.
  package func finish() throws(StorageError) -> Int {
    contents.labelIndices = UInt64(out.position)
    contents.postings = UInt64(out.position)
    try out.pad(to: IndexFormat.postingsAlignment)
    let lists = try writePostings()
    contents.postingsTable = UInt64(out.position)
    contents.labelIndicesTable = contents.postingsTable
    try writeOffsets(lists)
    let contents = contents
    try out.put { contents.encode(into: &$0) }
    return try out.finish()
  }

  /// Gives the file up.
  package func abandon() { out.abandon() }

  /// By name, then value, label by label, then by number of labels.
  static func compare(_ a: [UInt32], _ b: [UInt32]) -> Int {
    let shared = min(a.count, b.count)
    var index = 0
    while index < shared {
      if a[index] != b[index] { return a[index] < b[index] ? -1 : 1 }
      index += 1
    }
    return a.count == b.count ? 0 : (a.count < b.count ? -1 : 1)
  }

  private func text(_ labels: [UInt32]) -> String {
    stride(from: 0, to: labels.count, by: 2)
      .map {
        "\(symbols.text(Int(labels[$0])))=\(GoQuote.quote(symbols.text(Int(labels[$0 + 1]))))"
      }
      .joined(separator: ", ")
  }

  private func count(_ name: UInt32) {
    let place = namePlaces[Int(name)]
    if place == 0 {
      nameCounts.append((name, 1))
      namePlaces[Int(name)] = UInt32(nameCounts.count)
    } else {
      nameCounts[Int(place) - 1].count += 1
    }
  }
}

// Sections.
extension IndexWriter {
  private func writeSymbols() throws(StorageError) {
    contents.symbols = UInt64(out.position)
    let symbols = symbols
    var length = 4
    for number in 0..<symbols.count {
      let bytes = symbols.span(of: number).count
      length += bytes + Self.uvarintBytes(UInt64(bytes))
    }
    try checkTable(length, "symbols")
    try out.put { $0.be32(UInt32(length)) }
    var crc = try out.write { $0.be32(UInt32(symbols.count)) }
    for number in 0..<symbols.count {
      crc = try out.write(crc) { $0.uvarintBytes(symbols.span(of: number)) }
    }
    try out.put { $0.be32(crc.value) }
  }

  /// The postings of a name and a value.
  private struct List {
    let name: UInt32
    let value: UInt32
    let position: UInt64
  }

  /// Writes all lists and returns where those of labels stand, in their order.
  private func writePostings() throws(StorageError) -> [List] {
    try out.flush()
    let written = try withFiles("read series back") { () throws(PosixError) in
      try files.map(path)
    }
    let all = ids
    try writeList(all.span)
    var lists: [List] = []
    let names = nameCounts.sorted { $0.name < $1.name }
    var counts = [UInt32](repeating: 0, count: symbols.count)
    var first = 0
    while first < names.count {
      var end = first
      var total = 0
      while end < names.count, end == first || total + names[end].count <= Self.gatheredMax {
        total += names[end].count
        end += 1
      }
      let gathered = try gather(names[first..<end], from: written)
      for (place, name) in names[first..<end].enumerated() {
        try writeLists(of: name.name, gathered[place], &counts, &lists)
      }
      first = end
    }
    return lists
  }

  /// Value and id, in turn, of the series that have each of some label names.
  private func gather(
    _ names: ArraySlice<(name: UInt32, count: Int)>, from written: ByteSlice
  ) throws(StorageError) -> [[UInt32]] {
    var columns: [[UInt32]] = []
    for (place, name) in names.enumerated() {
      var column: [UInt32] = []
      column.reserveCapacity(name.count * 2)
      columns.append(column)
      namePlaces[Int(name.name)] = UInt32(place + 1)
    }
    defer { for name in names { namePlaces[Int(name.name)] = 0 } }
    // Names outside of this batch must not be found.
    let wanted = Set(names.map(\.name))
    for name in nameCounts where !wanted.contains(name.name) { namePlaces[Int(name.name)] = 0 }
    do throws(ByteReaderError) {
      for id in ids {
        var reader = ByteReader(written.span, at: Int(id) * IndexFormat.seriesAlignment)
        _ = try reader.uvarint()
        for _ in 0..<(try reader.uvarint()) {
          let name = Int(try reader.uvarint())
          let value = UInt32(try reader.uvarint())
          let place = Int(namePlaces[name])
          if place > 0 {
            columns[place - 1].append(value)
            columns[place - 1].append(id)
          }
        }
      }
    } catch {
      throw StorageError(.corrupt, "index \(path) does not hold what was written: \(error)")
    }
    return columns
  }

  /// Sorts the pairs of one name by value, keeping the order of ids, and writes a list for each.
  ///
  /// - Parameter counts: zeros, one for each symbol; zeros again afterwards.
  private func writeLists(
    of name: UInt32, _ pairs: [UInt32], _ counts: inout [UInt32], _ lists: inout [List]
  ) throws(StorageError) {
    var values: [UInt32] = []
    for index in stride(from: 0, to: pairs.count, by: 2) {
      let value = pairs[index]
      if counts[Int(value)] == 0 { values.append(value) }
      counts[Int(value)] += 1
    }
    values.sort()
    var starts: [Int] = []
    var total = 0
    for value in values {
      starts.append(total)
      let count = Int(counts[Int(value)])
      counts[Int(value)] = UInt32(total)
      total += count
    }
    var sorted = [UInt32](repeating: 0, count: total)
    for index in stride(from: 0, to: pairs.count, by: 2) {
      let value = Int(pairs[index])
      sorted[Int(counts[value])] = pairs[index + 1]
      counts[value] += 1
    }
    for (place, value) in values.enumerated() {
      counts[Int(value)] = 0
      let end = place + 1 < starts.count ? starts[place + 1] : total
      lists.append(List(name: name, value: value, position: UInt64(out.position)))
      try writeList(sorted.span.extracting(starts[place]..<end))
    }
  }

  private func writeList(_ list: Span<UInt32>) throws(StorageError) {
    try checkTable(4 + list.count * 4, "postings")
    try out.put { $0.be32(UInt32(4 + list.count * 4)) }
    var crc = try out.write { $0.be32(UInt32(list.count)) }
    var from = 0
    while from < list.count {
      let to = min(list.count, from + BufferedFile.pieceBytes / 4)
      crc = try out.write(crc) { bytes in
        for index in from..<to { bytes.be32(list[index]) }
      }
      from = to
    }
    try out.put { $0.be32(crc.value) }
  }

  private func writeOffsets(_ lists: [List]) throws(StorageError) {
    let symbols = symbols
    // The list of all series is the first of the postings.
    let allPosition = contents.postings + UInt64(-Int(contents.postings) & 3)
    var length = 4 + 3 + Self.uvarintBytes(allPosition)
    for list in lists {
      length += 1 + Self.uvarintBytes(list.position)
      for symbol in [list.name, list.value] {
        let bytes = symbols.span(of: Int(symbol)).count
        length += bytes + Self.uvarintBytes(UInt64(bytes))
      }
    }
    try checkTable(length, "postings offsets")
    try out.put { $0.be32(UInt32(length)) }
    var crc = try out.write {
      $0.be32(UInt32(lists.count + 1))
      $0.u8(2)
      $0.u8(0)
      $0.u8(0)
      $0.uvarint(allPosition)
    }
    for list in lists {
      crc = try out.write(crc) {
        $0.u8(2)
        $0.uvarintBytes(symbols.span(of: Int(list.name)))
        $0.uvarintBytes(symbols.span(of: Int(list.value)))
        $0.uvarint(list.position)
      }
    }
    try out.put { $0.be32(crc.value) }
  }

  private func checkTable(_ length: Int, _ what: String) throws(StorageError) {
    guard length <= UInt32.max else {
      throw StorageError(.system, "index \(path): \(what) exceed 4 GiB: make shorter blocks")
    }
  }

  private static func uvarintBytes(_ value: UInt64) -> Int {
    max(1, (64 - value.leadingZeroBitCount + 6) / 7)
  }
}
