internal import ApusModel
internal import ApusSystem

/// Appending floats to the open chunk of a series: the bytes are those of a XOR chunk of
/// Prometheus (tsdb/chunkenc/xor.go), the encoder's state stands in `SeriesState`.
///
///     | count 2 | t varint | value 64 bits | Δt uvarint | VAL | { DOD | VAL } ... |
///
/// The count is written when the chunk is full; until then readers take it from the state they
/// copied. Bits are only ever added behind those that a reader may look at.
///
/// Where Prometheus's chunk ends with whole bytes at a border it has a zero byte more, which says
/// nothing and which no reader asks for. Here it is left out: to know of it, every series would
/// have to remember how its last bits were written.
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
    s.leading = XORState.noWindow
    s.trailing = 0
    s.delta = 0
    var sink = ArenaBits(
      arena: slots.arena, base: SlotArena.offset(s.chunkAddress), at: headerBits)
    sink.groups(UInt64(bitPattern: (time &<< 1) ^ (time &>> 63)))
    sink.put(bits, 64, last: 64)
    s.bitCount = UInt16(sink.at)
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
    var sink = ArenaBits(
      arena: slots.arena, base: SlotArena.offset(s.chunkAddress), at: Int(s.bitCount))
    if s.sampleCount == 1 {
      sink.groups(UInt64(bitPattern: delta))
      sink.value(xor, &s.leading, &s.trailing)
    } else {
      sink.sample(dod, xor, &s.leading, &s.trailing)
    }
    s.sampleCount &+= 1
    s.bitCount = UInt16(sink.at)
  }

  /// Upper bound of the bits of a sample, near enough to keep slots small.
  private static func needed(_ s: SeriesState, dod: Int64, xor: UInt64) -> Int {
    let timeBits: Int
    if s.sampleCount == 1 {
      timeBits = 80
    } else {
      timeBits = dod == 0 ? 1 : (XORCode.fits(dod, 14) ? 16 : (XORCode.fits(dod, 20) ? 24 : 68))
    }
    guard xor != 0 else { return timeBits + 1 }
    let meaning = 64 - xor.leadingZeroBitCount - xor.trailingZeroBitCount
    let window =
      s.leading == XORState.noWindow ? 64 : 64 - Int(s.leading) - Int(s.trailing)
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

/// Bits behind one another in the arena, highest first.
private struct ArenaBits: BitSink {
  let arena: SharedArena
  /// Offset in the arena at which the chunk begins.
  let base: Int
  /// Of the next bit, behind `base`.
  var at: Int

  @inline(__always)
  mutating func put(_ bits: UInt64, _ count: Int, last: Int) {
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
}

extension OpenChunk {
  /// Zeroes the bits behind the last one: an append may have put some there since.
  static func clearTail(_ bytes: inout [UInt8], bitCount: Int) {
    guard bitCount & 7 != 0, let last = bytes.indices.last else { return }
    bytes[last] &= ~(0xFF >> UInt8(bitCount & 7))
  }
}
