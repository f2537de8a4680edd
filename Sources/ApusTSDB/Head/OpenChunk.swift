internal import ApusModel
internal import ApusSystem

/// Appending floats to the open chunk of a series: the bytes are those of a XOR chunk of
/// Prometheus (tsdb/chunkenc/xor.go), the encoder's state stands in `SeriesState`.
///
///     | count 2 | t varint | value 64 bits | Δt uvarint | VAL | { DOD | VAL } ... |
///
/// The count is written when the chunk is full; until then readers take it from the state they
/// copied. Bits are only ever added behind those that a reader may look at.
enum OpenChunk {
  private static let headerBits = 16
  /// Room behind the last bit, so that a whole word can be written there.
  private static let slackBytes = 9

  /// Begins a chunk with its first sample.
  static func begin(
    _ s: inout SeriesState, time: Int64, bits: UInt64, nextAt: Int64, in slots: SlotArena
  ) {
    s.chunkClass = SlotArena.sizeClass(for: 32)
    s.chunkAddress = slots.allocate(sizeClass: s.chunkClass)
    s.chunkStart = time
    s.nextAt = nextAt
    s.sampleCount = 1
    s.leading = SeriesState.noWindow
    s.trailing = 0
    s.delta = 0
    var writer = Writer(s, slots)
    writer.at = headerBits
    writer.varint(UInt64(bitPattern: (time &<< 1) ^ (time &>> 63)))
    writer.put(bits, 64)
    s.bitCount = UInt16(writer.at)
    s.lastTime = time
    s.lastBits = bits
  }

  /// Adds a sample that is younger than the last one of the chunk.
  static func append(_ s: inout SeriesState, time: Int64, bits: UInt64, in slots: SlotArena) {
    let delta = time &- s.lastTime
    let xor = bits ^ s.lastBits
    let dod = delta &- Int64(s.delta)
    s.lastTime = time
    s.delta = UInt32(truncatingIfNeeded: delta)
    if dod == 0 && xor == 0 && s.sampleCount > 1 {
      // An aligned, constant sample: two zero bits, and fresh memory is zero.
      reserve(&s, 2, in: slots)
      s.sampleCount &+= 1
      s.bitCount &+= 2
      return
    }
    s.lastBits = bits
    appendChanged(&s, delta: delta, dod: dod, xor: xor, in: slots)
  }

  /// Bytes of the open chunk.
  static func byteCount(_ s: SeriesState) -> Int { (Int(s.bitCount) + 7) / 8 }

  /// Writes the number of samples into the chunk's header: it is full.
  static func seal(_ s: SeriesState, in slots: SlotArena) {
    slots.arena.store(s.sampleCount.bigEndian, at: SlotArena.offset(s.chunkAddress))
  }

  private static func appendChanged(
    _ s: inout SeriesState, delta: Int64, dod: Int64, xor: UInt64, in slots: SlotArena
  ) {
    // 80 bits for the longest Δt varint, 77 for the longest value.
    reserve(&s, needed(s, delta: delta, dod: dod, xor: xor), in: slots)
    var writer = Writer(s, slots)
    if s.sampleCount == 1 {
      writer.varint(UInt64(bitPattern: delta))
    } else {
      writer.deltaOfDelta(dod)
    }
    writer.value(xor, &s)
    s.sampleCount &+= 1
    s.bitCount = UInt16(writer.at)
  }

  /// Upper bound of the bits of a sample, near enough to keep slots small.
  private static func needed(
    _ s: SeriesState, delta: Int64, dod: Int64, xor: UInt64
  ) -> Int {
    let timeBits: Int
    if s.sampleCount == 1 {
      timeBits = 80
    } else {
      timeBits = dod == 0 ? 1 : (Writer.fits(dod, 14) ? 16 : (Writer.fits(dod, 20) ? 24 : 68))
    }
    guard xor != 0 else { return timeBits + 1 }
    let meaning = 64 - xor.leadingZeroBitCount - xor.trailingZeroBitCount
    let window =
      s.leading == SeriesState.noWindow ? 64 : 64 - Int(s.leading) - Int(s.trailing)
    return timeBits + 13 + max(meaning + 1, min(window, 64))
  }

  /// Makes room for `bits` more.
  @inline(__always)
  private static func reserve(_ s: inout SeriesState, _ bits: Int, in slots: SlotArena) {
    let bytes = (Int(s.bitCount) &+ bits) &>> 3 &+ slackBytes
    if bytes > SlotArena.bytes(ofClass: s.chunkClass) { grow(&s, bytes, in: slots) }
  }

  @inline(never)
  private static func grow(_ s: inout SeriesState, _ bytes: Int, in slots: SlotArena) {
    let old = SlotArena.bytes(ofClass: s.chunkClass)
    let newClass = SlotArena.sizeClass(for: max(bytes, old + old / 4))
    let address = slots.allocate(sizeClass: newClass)
    slots.arena.copy(
      from: SlotArena.offset(s.chunkAddress), to: SlotArena.offset(address), count: old)
    slots.free(s.chunkAddress, sizeClass: s.chunkClass)
    s.chunkAddress = address
    s.chunkClass = newClass
  }
}

extension OpenChunk {
  /// Puts bits behind one another, highest first.
  private struct Writer {
    private let slots: SlotArena
    private let base: Int
    /// Position in bits.
    var at: Int

    init(_ s: SeriesState, _ slots: SlotArena) {
      self.slots = slots
      base = SlotArena.offset(s.chunkAddress)
      at = Int(s.bitCount)
    }

    /// Adds the low `count` bits of `bits`, whose others are zero.
    @inline(__always)
    mutating func put(_ bits: UInt64, _ count: Int) {
      let byte = base &+ (at &>> 3)
      let end = (at & 7) &+ count
      var word = UInt64(bigEndian: slots.arena.load(at: byte))
      if end <= 64 {
        word |= bits &<< UInt64(64 &- end)
        slots.arena.store(word.bigEndian, at: byte)
      } else {
        let spill = UInt64(end &- 64)
        word |= bits &>> spill
        slots.arena.store(word.bigEndian, at: byte)
        slots.arena.store(UInt8(truncatingIfNeeded: bits &<< (8 &- spill)), at: byte &+ 8)
      }
      at &+= count
    }

    mutating func varint(_ number: UInt64) {
      var left = number
      while left >= 0x80 {
        put(left & 0x7F | 0x80, 8)
        left >>= 7
      }
      put(left, 8)
    }

    static func fits(_ x: Int64, _ bits: Int64) -> Bool {
      -((1 &<< (bits &- 1)) &- 1) <= x && x <= 1 &<< (bits &- 1)
    }

    mutating func deltaOfDelta(_ dod: Int64) {
      let raw = UInt64(bitPattern: dod)
      if dod == 0 {
        at &+= 1
      } else if Self.fits(dod, 14) {
        put(0b10 << 14 | raw & (1 << 14 - 1), 16)
      } else if Self.fits(dod, 17) {
        put(0b110 << 17 | raw & (1 << 17 - 1), 20)
      } else if Self.fits(dod, 20) {
        put(0b1110 << 20 | raw & (1 << 20 - 1), 24)
      } else {
        put(0b1111, 4)
        put(raw, 64)
      }
    }

    mutating func value(_ xor: UInt64, _ s: inout SeriesState) {
      guard xor != 0 else {
        at &+= 1
        return
      }
      // Five bits hold the number of leading zeros.
      let leading = min(xor.leadingZeroBitCount, 31)
      let trailing = xor.trailingZeroBitCount
      if s.leading != SeriesState.noWindow, leading >= Int(s.leading), trailing >= Int(s.trailing) {
        put(0b10, 2)
        put(xor &>> UInt64(s.trailing), 64 &- Int(s.leading) &- Int(s.trailing))
        return
      }
      s.leading = UInt8(leading)
      s.trailing = UInt8(trailing)
      let meaning = 64 - leading - trailing
      // 64 is written as 0, which fits in six bits and has no other use.
      put(0b11 << 11 | UInt64(leading) << 6 | UInt64(meaning & 63), 13)
      put(xor &>> UInt64(trailing), meaning)
    }
  }
}
