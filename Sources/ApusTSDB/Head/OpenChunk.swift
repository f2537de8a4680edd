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
  /// Size class of a chunk that begins: 32 bytes.
  private static let firstClass = SlotArena.sizeClass(for: 32)

  /// Begins a chunk with its first sample.
  static func begin(
    _ s: inout SeriesState, time: Int64, bits: UInt64, nextAt: Int64, in slots: SlotArena
  ) {
    s.chunkClass = firstClass
    s.chunkAddress = slots.allocate(sizeClass: s.chunkClass)
    s.chunkStart = time
    s.nextAt = nextAt
    s.sampleCount = 1
    s.leading = SeriesState.noWindow
    s.trailing = 0
    s.delta = 0
    let base = SlotArena.offset(s.chunkAddress)
    var at = headerBits
    varint(UInt64(bitPattern: (time &<< 1) ^ (time &>> 63)), slots.arena, base, &at)
    put(bits, 64, slots.arena, base, &at)
    s.bitCount = UInt16(at)
    s.lastTime = time
    s.lastBits = bits
  }

  /// Adds a sample that is younger than the last one of the chunk.
  @inline(__always)
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
    reserve(&s, needed(s, dod: dod, xor: xor), in: slots)
    let base = SlotArena.offset(s.chunkAddress)
    var at = Int(s.bitCount)
    if s.sampleCount == 1 {
      varint(UInt64(bitPattern: delta), slots.arena, base, &at)
    } else {
      deltaOfDelta(dod, slots.arena, base, &at)
    }
    value(xor, &s, slots.arena, base, &at)
    s.sampleCount &+= 1
    s.bitCount = UInt16(at)
  }

  /// Upper bound of the bits of a sample, near enough to keep slots small.
  private static func needed(_ s: SeriesState, dod: Int64, xor: UInt64) -> Int {
    let timeBits: Int
    if s.sampleCount == 1 {
      timeBits = 80
    } else {
      timeBits = dod == 0 ? 1 : (fits(dod, 14) ? 16 : (fits(dod, 20) ? 24 : 68))
    }
    guard xor != 0 else { return timeBits + 1 }
    let meaning = 64 - xor.leadingZeroBitCount - xor.trailingZeroBitCount
    let window =
      s.leading == SeriesState.noWindow ? 64 : 64 - Int(s.leading) - Int(s.trailing)
    // Leading zeros beyond 31 are written out.
    return timeBits + 13 + min(64, max(meaning + 33, window))
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

/// Bits behind one another, highest first, at `at` bits behind `base`.
extension OpenChunk {
  /// Adds the low `count` bits of `bits`, whose others are zero.
  @inline(__always)
  private static func put(
    _ bits: UInt64, _ count: Int, _ arena: SharedArena, _ base: Int, _ at: inout Int
  ) {
    let byte = base &+ (at &>> 3)
    let end = (at & 7) &+ count
    var word = UInt64(bigEndian: arena.load(at: byte))
    if end <= 64 {
      word |= bits &<< UInt64(64 &- end)
      arena.store(word.bigEndian, at: byte)
    } else {
      let spill = UInt64(end &- 64)
      word |= bits &>> spill
      arena.store(word.bigEndian, at: byte)
      arena.store(UInt8(truncatingIfNeeded: bits &<< (8 &- spill)), at: byte &+ 8)
    }
    at &+= count
  }

  private static func varint(
    _ number: UInt64, _ arena: SharedArena, _ base: Int, _ at: inout Int
  ) {
    var left = number
    while left >= 0x80 {
      put(left & 0x7F | 0x80, 8, arena, base, &at)
      left >>= 7
    }
    put(left, 8, arena, base, &at)
  }

  @inline(__always)
  private static func fits(_ x: Int64, _ bits: Int64) -> Bool {
    -((1 &<< (bits &- 1)) &- 1) <= x && x <= 1 &<< (bits &- 1)
  }

  @inline(__always)
  private static func deltaOfDelta(
    _ dod: Int64, _ arena: SharedArena, _ base: Int, _ at: inout Int
  ) {
    let raw = UInt64(bitPattern: dod)
    if dod == 0 {
      at &+= 1
    } else if fits(dod, 14) {
      put(0b10 << 14 | raw & (1 << 14 - 1), 16, arena, base, &at)
    } else if fits(dod, 17) {
      put(0b110 << 17 | raw & (1 << 17 - 1), 20, arena, base, &at)
    } else if fits(dod, 20) {
      put(0b1110 << 20 | raw & (1 << 20 - 1), 24, arena, base, &at)
    } else {
      put(0b1111, 4, arena, base, &at)
      put(raw, 64, arena, base, &at)
    }
  }

  @inline(__always)
  private static func value(
    _ xor: UInt64, _ s: inout SeriesState, _ arena: SharedArena, _ base: Int, _ at: inout Int
  ) {
    guard xor != 0 else {
      at &+= 1
      return
    }
    // Five bits hold the number of leading zeros.
    let leading = min(xor.leadingZeroBitCount, 31)
    let trailing = xor.trailingZeroBitCount
    if s.leading != SeriesState.noWindow, leading >= Int(s.leading), trailing >= Int(s.trailing) {
      let width = 64 &- Int(s.leading) &- Int(s.trailing)
      if width <= 62 {
        put(0b10 &<< UInt64(width) | xor &>> UInt64(s.trailing), width &+ 2, arena, base, &at)
      } else {
        put(0b10, 2, arena, base, &at)
        put(xor &>> UInt64(s.trailing), width, arena, base, &at)
      }
      return
    }
    s.leading = UInt8(leading)
    s.trailing = UInt8(trailing)
    let meaning = 64 - leading - trailing
    // 64 is written as 0, which fits in six bits and has no other use.
    put(0b11 << 11 | UInt64(leading) << 6 | UInt64(meaning & 63), 13, arena, base, &at)
    put(xor &>> UInt64(trailing), meaning, arena, base, &at)
  }

  /// Zeroes the bits behind the last one: an append may have put some there since.
  static func clearTail(_ bytes: inout [UInt8], bitCount: Int) {
    guard bitCount & 7 != 0, let last = bytes.indices.last else { return }
    bytes[last] &= ~(0xFF >> UInt8(bitCount & 7))
  }
}
