/// Puts bits behind one another, highest first, into a growing buffer of its own.
@safe package struct BitWriter: ~Copyable, @unchecked Sendable {
  // Sound because the memory has one owner, this value, which cannot be copied.
  private var base: UnsafeMutableRawPointer
  private var capacity: Int

  /// Bits written so far.
  package private(set) var bitCount = 0

  /// Room behind the last bit, so that a whole word can be stored there.
  private static let slackBytes = 16

  package init(capacityBytes: Int = 256) {
    capacity = max(capacityBytes, 16) + Self.slackBytes
    unsafe base = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
    unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: capacity)
  }

  deinit { unsafe base.deallocate() }

  /// Bits of the last `put`.
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

  /// Forgets all bits and keeps the memory.
  package mutating func removeAll() {
    unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    bitCount = 0
    lastPut = 1
  }

  /// Begins with the bits of another stream: `bytes` up to `bitCount`.
  package mutating func load(_ bytes: Span<UInt8>, bitCount newCount: Int) {
    precondition(newCount >= 0 && (newCount + 7) / 8 <= bytes.count, "bits outside of the bytes")
    removeAll()
    reserve(newCount)
    let wanted = (newCount + 7) / 8
    unsafe bytes.withUnsafeBytes { from in
      guard wanted > 0, let start = from.baseAddress else { return }
      unsafe base.copyMemory(from: start, byteCount: wanted)
    }
    bitCount = newCount
    lastPut = bytes.count > wanted ? 8 : 1
    // Fresh bits are zero.
    if newCount & 7 != 0 {
      let last = wanted - 1
      let kept = unsafe base.load(fromByteOffset: last, as: UInt8.self) & ~(0xFF >> (newCount & 7))
      unsafe base.storeBytes(of: kept, toByteOffset: last, as: UInt8.self)
    }
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
    unsafe bigger.copyMemory(from: base, byteCount: capacity)
    unsafe (bigger + capacity).initializeMemory(
      as: UInt8.self, repeating: 0, count: wanted - capacity)
    unsafe base.deallocate()
    unsafe base = bigger
    capacity = wanted
  }

  /// Adds the low `count` bits of `bits`, 0...64; those above are ignored.
  @inline(__always)
  package mutating func put(_ bits: UInt64, _ count: Int) {
    guard count > 0 else { return }
    reserve(count)
    lastPut = count
    let bits = bits & (.max &>> UInt64(64 &- count))
    let byte = bitCount &>> 3
    let end = (bitCount & 7) &+ count
    var word = UInt64(
      bigEndian: unsafe base.loadUnaligned(fromByteOffset: byte, as: UInt64.self))
    if end <= 64 {
      word |= bits &<< UInt64(64 &- end)
      unsafe base.storeBytes(of: word.bigEndian, toByteOffset: byte, as: UInt64.self)
    } else {
      let spill = UInt64(end &- 64)
      word |= bits &>> spill
      unsafe base.storeBytes(of: word.bigEndian, toByteOffset: byte, as: UInt64.self)
      unsafe base.storeBytes(
        of: UInt8(truncatingIfNeeded: bits &<< (8 &- spill)), toByteOffset: byte &+ 8,
        as: UInt8.self)
    }
    bitCount &+= count
  }

  /// Adds zero bits.
  @inline(__always)
  package mutating func putZeros(_ count: Int) {
    reserve(count)
    lastPut = 1
    bitCount &+= count
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

  /// Overwrites whole bytes that were written before.
  package mutating func patch(byte offset: Int, _ value: UInt8) {
    precondition(offset >= 0 && (offset + 1) * 8 <= bitCount, "patch outside of the bits")
    unsafe base.storeBytes(of: value, toByteOffset: offset, as: UInt8.self)
  }
}
