internal import ApusSystem

/// The short lists of an image, each | n uvarint | n x ... |:
///
///     free symbol ids 4 | free pairs 4 | slots of series with full chunks in memory 4 |
///     shapes: address 4 | names: id 4, list of pairs 9 |
///     free ranges of the arena: start 4, end 4, in units
struct HeadImageLists {
  var freeSymbols: [UInt32] = []
  var freePairs: [UInt32] = []
  var fullSlots: [UInt32] = []
  var shapes: [SlotAddress] = []
  var names: [UInt32: SlotList] = [:]
  var free: [Range<UInt32>] = []

  init(_ moment: HeadMoment, _ free: FreeRanges) {
    freeSymbols = moment.columns.symbols.freeIDs
    freePairs = moment.columns.postings.freePairs
    fullSlots = moment.fullSlots
    shapes = moment.columns.shapes
    names = moment.columns.postings.names
    self.free = free.ranges
  }

  func encode(_ writer: inout ByteWriter) {
    for list in [freeSymbols, freePairs, fullSlots, shapes] { Self.encode(list, &writer) }
    writer.uvarint(UInt64(names.count))
    for (name, pairs) in names {
      writer.be32(name)
      writer.slotList(pairs)
    }
    writer.uvarint(UInt64(free.count))
    for range in free {
      writer.be32(range.lowerBound)
      writer.be32(range.upperBound)
    }
  }

  init(_ bytes: Span<UInt8>) throws(ByteReaderError) {
    var reader = ByteReader(bytes)
    freeSymbols = try Self.decode(&reader)
    freePairs = try Self.decode(&reader)
    fullSlots = try Self.decode(&reader)
    shapes = try Self.decode(&reader)
    for _ in 0..<(try reader.uvarint()) {
      let name = try reader.be32()
      names[name] = try reader.slotList()
    }
    for _ in 0..<(try reader.uvarint()) {
      let (start, end) = (try reader.be32(), try reader.be32())
      // Nonsense becomes an empty one, which is no free range.
      free.append(start..<max(start, end))
    }
  }

  private static func encode(_ list: [UInt32], _ writer: inout ByteWriter) {
    writer.uvarint(UInt64(list.count))
    for number in list { writer.be32(number) }
  }

  @_lifetime(reader: copy reader)
  private static func decode(_ reader: inout ByteReader) throws(ByteReaderError) -> [UInt32] {
    var list: [UInt32] = []
    for _ in 0..<(try reader.uvarint()) { list.append(try reader.be32()) }
    return list
  }
}
