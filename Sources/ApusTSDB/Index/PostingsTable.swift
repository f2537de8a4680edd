internal import ApusModel
internal import ApusSystem

/// The offset table of an opened index: for every label its values, ascending, and where their
/// postings stand. Four bytes a value; the values themselves stay in the file.
struct PostingsTable: Sendable {
  /// Label names, ascending by bytes, with "" first if all series have a list.
  let names: [String]
  /// For each name the end of its values in `entries`.
  private let ends: [Int]
  /// Positions of the values' lengths, relative to `base`.
  private let entries: [UInt32]
  private let base: Int

  /// - Parameter start: where the section begins.
  init(_ file: Span<UInt8>, start: Int) throws {
    var reader = ByteReader(file, at: start)
    let length = Int(try reader.be32())
    base = reader.offset
    let body = try reader.slice(length)
    guard try reader.be32() == CRC32C.of(body) else {
      throw Malformed("the checksum of the postings offset table did not match")
    }
    var table = ByteReader(body)
    let count = Int(try table.be32())
    guard count <= table.remaining else { throw Malformed("\(count) postings do not fit") }
    var gathered = Gathered()
    gathered.entries.reserveCapacity(count)
    for _ in 0..<count {
      guard try table.uvarint() == 2 else { throw Malformed("postings of other than one label") }
      let name = try table.uvarintSlice()
      try gathered.add(name, entry: UInt32(table.offset), in: body)
      _ = try table.uvarintSlice()
      let position = try table.uvarint()
      guard position <= UInt64(file.count), Int(position) + 12 <= file.count else {
        throw Malformed("postings at \(position) lie behind the end of the file")
      }
    }
    if !gathered.isSorted { try gathered.sort(body) }
    names = gathered.names
    ends = gathered.ends
    entries = gathered.entries
  }

  func entries(of name: String) -> Range<Int>? {
    let wanted = name.utf8.span
    var low = 0
    var high = names.count
    while low < high {
      let middle = (low + high) / 2
      switch compareBytes(names[middle].utf8.span, wanted) {
      case 0: return entries(at: middle)
      case -1: low = middle + 1
      default: high = middle
      }
    }
    return nil
  }

  func entries(at nameIndex: Int) -> Range<Int> {
    (nameIndex == 0 ? 0 : ends[nameIndex - 1])..<ends[nameIndex]
  }

  /// The value of an entry and the position of its postings. The table was read through when it
  /// was opened, so nothing can be wrong with it now.
  @inline(__always)
  func value(_ entry: Int, in file: Span<UInt8>) -> Range<Int> {
    var reader = ByteReader(file, at: base + Int(entries[entry]))
    guard let length = try? reader.length() else { return 0..<0 }
    return reader.offset..<(reader.offset + length)
  }

  func position(_ entry: Int, in file: Span<UInt8>) -> Int {
    var reader = ByteReader(file, at: value(entry, in: file).upperBound)
    guard let position = try? reader.uvarint() else { return 0 }
    return Int(position)
  }
}

/// The entries while they are read.
private struct Gathered {
  var names: [String] = []
  var ends: [Int] = []
  var entries: [UInt32] = []
  /// False in an index of version 1, whose table has no order.
  var isSorted = true
  private var lastValue = 0..<0

  mutating func add(_ name: Span<UInt8>, entry: UInt32, in body: Span<UInt8>) throws {
    var reader = ByteReader(body, at: Int(entry))
    let length = try reader.length()
    let value = reader.offset..<(reader.offset + length)
    if let last = names.last, compareBytes(last.utf8.span, name) == 0 {
      if compareBytes(body.extracting(lastValue), body.extracting(value)) >= 0 { isSorted = false }
      ends[ends.count - 1] += 1
    } else {
      if let last = names.last, compareBytes(last.utf8.span, name) > 0 { isSorted = false }
      let text = String(copying: name)
      // Not UTF-8: another text would come out, and it could be another label's.
      guard compareBytes(text.utf8.span, name) == 0 else {
        throw Malformed("a label name is not UTF-8")
      }
      names.append(text)
      ends.append(entries.count + 1)
    }
    entries.append(entry)
    lastValue = value
  }

  mutating func sort(_ body: Span<UInt8>) throws {
    var all: [(name: String, value: [UInt8], entry: UInt32)] = []
    var start = 0
    for (name, end) in zip(names, ends) {
      for entry in entries[start..<end] {
        var reader = ByteReader(body, at: Int(entry))
        all.append((name, [UInt8](copying: try reader.uvarintSlice()), entry))
      }
      start = end
    }
    all.sort {
      let order = compareBytes($0.name.utf8.span, $1.name.utf8.span)
      return order != 0 ? order < 0 : compareBytes($0.value.span, $1.value.span) < 0
    }
    names = []
    ends = []
    entries = []
    for item in all {
      entries.append(item.entry)
      if let last = names.last, compareBytes(last.utf8.span, item.name.utf8.span) == 0 {
        ends[ends.count - 1] = entries.count
      } else {
        names.append(item.name)
        ends.append(entries.count)
      }
    }
    isSorted = true
  }
}
