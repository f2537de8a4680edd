internal import ApusSystem

// <data>/apus_head/image: the head's memory at one moment, so that a start need not replay the log
// from its beginning. Prometheus does not know the directory and leaves it alone.
//
//   | magic 8 | version 4 | layout 8 | crc 4 | section | section | ... | table | end |
//
//   table: | (kind 1 | offset 8 | length 8 | crc 4) ... |      for each piece of a section; crc:
//                                                            CRC-32C of the piece
//   end:   | crc of the table 4 | length of the table 4 | magic 8 |
//
// Big endian, but for sections that are memory of the process as it was (`arena`, `states`,
// `symbols`, `pairs` and the tables): `layout` tells the machine's byte order and how those
// structures are laid out, so an image of another build or machine is not taken. Sections stand
// behind one another without gaps, so every byte of the file is covered by some checksum. They are
// cut into pieces, so that several threads can check and copy them. An image is written to
// image.tmp and renamed. Writer: HeadImageWriter; reader: HeadImageReader.

/// The frozen numbers of the head image.
enum HeadImageFormat {
  static let directoryName = "apus_head"
  static let fileName = "image"
  static let magic: UInt64 = 0x4150_5553_4845_4144  // "APUSHEAD"
  static let endMagic: UInt64 = 0x4441_4548_5355_5041
  static let version: UInt32 = 2
  static let headerBytes = 24
  static let entryBytes = 21
  static let endBytes = 16
  /// Memory is copied out under the head's lock in pieces of this size: some 100 µs each.
  static let pieceBytes = 1 << 20

  enum Section: UInt8, CaseIterable {
    /// Numbers, and where in the log it stands (`HeadImageSummary`).
    case summary = 1
    /// The arena without pages that are free: its runs, one behind another (`FreeRanges`).
    case arena
    case states
    case seriesTable
    case symbols
    case symbolTable
    case pairs
    case pairTable
    /// Label names, shapes, and what is free (`HeadImageLists`).
    case lists
    /// Tombstones, exemplars, metadata and open histograms, as records of the log.
    case records
  }

  /// Changes with the order of bytes of the machine and with the layout of what is written as it
  /// stands in memory.
  static var layout: UInt64 {
    var writer = ByteWriter()
    // In the machine's order, unlike all else: that is what it tells.
    let mark: UInt16 = 1
    writer.u8(mark == mark.littleEndian ? 1 : 2)
    func add<T>(_ type: T.Type, _ offsets: [Int?]) {
      writer.uvarint(UInt64(MemoryLayout<T>.stride))
      for offset in offsets { writer.varint(Int64(offset ?? -1)) }
    }
    typealias State = SeriesState
    add(
      State.self,
      [
        MemoryLayout<State>.offset(of: \.lastTime), MemoryLayout<State>.offset(of: \.lastBits),
        MemoryLayout<State>.offset(of: \.chunkStart), MemoryLayout<State>.offset(of: \.nextAt),
        MemoryLayout<State>.offset(of: \.delta), MemoryLayout<State>.offset(of: \.chunkAddress),
        MemoryLayout<State>.offset(of: \.bitCount), MemoryLayout<State>.offset(of: \.sampleCount),
        MemoryLayout<State>.offset(of: \.leading), MemoryLayout<State>.offset(of: \.trailing),
        MemoryLayout<State>.offset(of: \.chunkClass), MemoryLayout<State>.offset(of: \.flags),
        MemoryLayout<State>.offset(of: \.listAddress), MemoryLayout<State>.offset(of: \.listCount),
        MemoryLayout<State>.offset(of: \.labelsAddress), MemoryLayout<State>.offset(of: \.ordinal),
      ])
    add(
      ChunkEntry.self,
      [
        MemoryLayout<ChunkEntry>.offset(of: \.minTime),
        MemoryLayout<ChunkEntry>.offset(of: \.location),
        MemoryLayout<ChunkEntry>.offset(of: \.durationMs),
        MemoryLayout<ChunkEntry>.offset(of: \.sampleCount),
        MemoryLayout<ChunkEntry>.offset(of: \.encoding),
        MemoryLayout<ChunkEntry>.offset(of: \.sizeClass),
      ])
    typealias Symbol = HeadSymbols.Entry
    add(
      Symbol.self,
      [
        MemoryLayout<Symbol>.offset(of: \.address), MemoryLayout<Symbol>.offset(of: \.length),
        MemoryLayout<Symbol>.offset(of: \.hash), MemoryLayout<Symbol>.offset(of: \.uses),
      ])
    typealias Pair = MemPostings.Pair
    add(
      Pair.self,
      [
        MemoryLayout<Pair>.offset(of: \.name), MemoryLayout<Pair>.offset(of: \.value),
        MemoryLayout<Pair>.offset(of: \.list),
      ])
    add(
      SlotList.self,
      [
        MemoryLayout<SlotList>.offset(of: \.address), MemoryLayout<SlotList>.offset(of: \.count),
        MemoryLayout<SlotList>.offset(of: \.sizeClass),
      ])
    return XXHash64.hash(writer.span)
  }
}

/// Why an image is not taken; the log is replayed then, and nothing is lost.
struct HeadImageRejection: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }

  init(_ error: PosixError) { description = "\(error)" }
}
