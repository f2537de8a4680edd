internal import ApusModel
internal import ApusSystem

/// The symbols of an opened index: every label name and value, by number.
///
/// The position of each is kept, four bytes a symbol, so that finding one is a single step.
struct SymbolTable: Sendable {
  /// Positions in the file of the symbols' lengths, relative to `base`; ascending.
  private let positions: [UInt32]
  private let base: Int
  /// In version 1 a symbol is named by its position in the file.
  private let isByPosition: Bool

  /// - Parameter start: where the section begins.
  init(_ file: Span<UInt8>, start: Int, version: UInt8) throws {
    var reader = ByteReader(file, at: start)
    let length = Int(try reader.be32())
    base = reader.offset
    let body = try reader.slice(length)
    guard try reader.be32() == CRC32C.of(body) else {
      throw Malformed("the checksum of the symbols did not match")
    }
    var symbols = ByteReader(body)
    let count = Int(try symbols.be32())
    guard count <= symbols.remaining else { throw Malformed("\(count) symbols do not fit") }
    var positions: [UInt32] = []
    positions.reserveCapacity(count)
    for _ in 0..<count {
      positions.append(UInt32(symbols.offset))
      _ = try symbols.uvarintSlice()
    }
    self.positions = positions
    isByPosition = version == 1
  }

  var count: Int { positions.count }

  /// The number, as series entries name it, of the symbol at `index`.
  func reference(_ index: Int) -> UInt32 {
    isByPosition ? UInt32(base) + positions[index] : UInt32(index)
  }

  @inline(__always)
  func has(_ reference: UInt32, in file: Span<UInt8>) -> Bool {
    isByPosition ? range(of: reference, in: file) != nil : Int(reference) < positions.count
  }

  /// Where in the file the bytes of a symbol stand; nil if there is no such symbol.
  @inline(__always)
  func range(of reference: UInt32, in file: Span<UInt8>) -> Range<Int>? {
    let position: Int
    if isByPosition {
      position = Int(reference)
    } else {
      guard Int(reference) < positions.count else { return nil }
      position = base + Int(positions[Int(reference)])
    }
    guard position < file.count else { return nil }
    return Self.stringRange(at: position, in: file)
  }

  /// The reference of a text; nil if no series uses it.
  func reference(of text: String, in file: Span<UInt8>) -> UInt32? {
    let wanted = text.utf8.span
    var low = 0
    var high = positions.count
    while low < high {
      let middle = (low + high) / 2
      guard
        let range = Self.stringRange(at: base + Int(positions[middle]), in: file)
      else { return nil }
      switch compareBytes(file.extracting(range), wanted) {
      case 0: return reference(middle)
      case -1: low = middle + 1
      default: high = middle
      }
    }
    return nil
  }

  @inline(__always)
  private static func stringRange(at position: Int, in file: Span<UInt8>) -> Range<Int>? {
    let first = file[position]
    if first < 0x80 {
      let start = position + 1
      let end = start + Int(first)
      return end <= file.count ? start..<end : nil
    }
    var reader = ByteReader(file, at: position)
    guard let length = try? reader.length() else { return nil }
    return reader.offset..<(reader.offset + length)
  }
}
