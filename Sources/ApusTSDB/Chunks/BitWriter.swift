/// Puts bits behind one another, highest first, into a growing buffer of its own.
@safe package struct BitWriter: ~Copyable, @unchecked Sendable {
  // Sound because the memory has one owner, this value, which cannot be copied.
  private var base: UnsafeMutableRawPointer
  private var capacity: Int

  /// Bits written so far.
  package private(set) var bitCount = 0

  /// The eight bytes that the next bit falls into, left aligned. They stand in memory as well, so
  /// that bits are only ever stored: loading back what was just stored would stall.
  private var word: UInt64 = 0

  /// Room behind the last bit: what is left of its word, and the word behind.
  private static let slackBytes = 24

  package init(capacityBytes: Int = 256) {
    capacity = max(capacityBytes, 16) + Self.slackBytes
    unsafe base = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
    unsafe base.storeBytes(of: 0, as: UInt64.self)
  }

  deinit { unsafe base.deallocate() }

  /// Bits of the last piece.
  private var lastPut = 1

  /// Bytes written so far; the last one is padded with zero bits. As in Prometheus
  /// (chunkenc/bstream.go: writeByte), a zero byte more where whole bytes were put last and end
  /// at a border: so that the same samples are the same bytes.
  package var byteCount: Int {
    (bitCount &+ 7) &>> 3 &+ (bitCount & 7 == 0 && lastPut & 7 == 0 ? 1 : 0)
  }

  /// All bytes, borrowed.
  package var span: Span<UInt8> {
    @_lifetime(borrow self)
    get {
      let raw = unsafe UnsafeRawBufferPointer(start: base, count: byteCount)
      let span = unsafe Span<UInt8>(_unsafeBytes: raw)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// Where the word stands that is being filled.
  @inline(__always)
  private var wordOffset: Int { (bitCount &>> 6) &<< 3 }

  @inline(__always)
  private func storeWord(at offset: Int) {
    unsafe base.storeBytes(of: word.bigEndian, toByteOffset: offset, as: UInt64.self)
  }

  /// Forgets all bits and keeps the memory.
  package mutating func removeAll() {
    bitCount = 0
    lastPut = 1
    word = 0
    storeWord(at: 0)
  }

  /// Begins with the bits of another stream: `bytes` up to `bitCount`.
  package mutating func load(_ bytes: Span<UInt8>, bitCount newCount: Int) {
    precondition(newCount >= 0 && (newCount + 7) / 8 <= bytes.count, "bits outside of the bytes")
    removeAll()
    let wholeWords = newCount / 64
    for byte in 0..<(wholeWords * 8) { put(UInt64(bytes[byte]), 8) }
    var left = newCount - wholeWords * 64
    var byte = wholeWords * 8
    while left > 0 {
      let taken = min(left, 8)
      put(UInt64(bytes[byte] >> UInt8(8 - taken)), taken)
      left -= taken
      byte += 1
    }
    lastPut = bytes.count > (newCount + 7) / 8 ? 8 : 1
  }

  /// Makes room for `bits` more.
  @inline(__always)
  private mutating func reserve(_ bits: Int) {
    if (bitCount &+ bits) &>> 3 &+ Self.slackBytes > capacity { grow(bits) }
  }

  @inline(never)
  private mutating func grow(_ bits: Int) {
    let wanted = max(capacity * 2, (bitCount + bits) / 8 + 2 * Self.slackBytes)
    let bigger = UnsafeMutableRawPointer.allocate(byteCount: wanted, alignment: 16)
    unsafe bigger.copyMemory(from: base, byteCount: wordOffset + 8)
    unsafe base.deallocate()
    unsafe base = bigger
    capacity = wanted
  }

  /// Adds the low `count` bits of `bits`, 0...64; those above are ignored.
  @inline(__always)
  package mutating func put(_ bits: UInt64, _ count: Int) { put(bits, count, last: count) }

  /// Adds up to 64 zero bits.
  @inline(__always)
  package mutating func putZeros(_ count: Int) { put(0, count, last: 1) }

  /// Adds any number of zero bits.
  @inline(__always)
  mutating func putZeroRun(_ count: Int) {
    var left = count
    while left > 0 {
      putZeros(min(left, 64))
      left &-= 64
    }
  }

  @inline(__always)
  package mutating func put(_ bit: Bool) { put(bit ? 1 : 0, 1) }

  /// LEB128 in groups of eight bits, wherever the stream stands.
  package mutating func uvarint(_ value: UInt64) {
    var left = value
    while left >= 0x80 {
      put(left & 0x7F | 0x80, 8)
      left &>>= 7
    }
    put(left, 8)
  }

  package mutating func varint(_ value: Int64) {
    uvarint(UInt64(bitPattern: (value &<< 1) ^ (value &>> 63)))
  }

  /// Overwrites whole bytes that were written before with a big-endian number.
  @inline(__always)
  package mutating func patchBE16(byte offset: Int, _ value: UInt16) {
    patch(byte: offset, UInt8(truncatingIfNeeded: value &>> 8))
    patch(byte: offset &+ 1, UInt8(truncatingIfNeeded: value))
  }

  /// Overwrites a whole byte that was written before.
  @inline(__always)
  package mutating func patch(byte offset: Int, _ value: UInt8) {
    precondition(offset >= 0 && (offset &+ 1) &* 8 <= bitCount, "patch outside of the bits")
    unsafe base.storeBytes(of: value, toByteOffset: offset, as: UInt8.self)
    if offset >= wordOffset {
      let shift = UInt64(56 &- (offset &- wordOffset) &* 8)
      word = word & ~(0xFF &<< shift) | UInt64(value) &<< shift
    }
  }
}

extension BitWriter: BitSink {
  @inline(__always)
  package mutating func put(_ bits: UInt64, _ count: Int, last: Int) {
    guard count > 0 else { return }
    reserve(count)
    lastPut = last
    let bits = bits & (.max &>> UInt64(64 &- count))
    let offset = wordOffset
    let end = (bitCount & 63) &+ count
    bitCount &+= count
    if end < 64 {
      word |= bits &<< UInt64(64 &- end)
      storeWord(at: offset)
      return
    }
    let spill = end &- 64
    word |= bits &>> UInt64(spill)
    storeWord(at: offset)
    // In two steps, for no shift goes over 63.
    word = (bits &<< 1) &<< UInt64(63 &- spill)
    storeWord(at: offset &+ 8)
  }
}
