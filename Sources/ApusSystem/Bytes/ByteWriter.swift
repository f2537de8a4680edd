/// A growable buffer of bytes; `ByteReader` is its mirror image and names the forms.
///
/// It owns its memory and is not copied: pass it `inout`, keep one and `removeAll()` it instead of
/// making one for each use.
@safe package struct ByteWriter: ~Copyable, @unchecked Sendable {
  // Sound because the memory has one owner, this value, which cannot be copied.
  @usableFromInline var base: UnsafeMutableRawPointer
  @usableFromInline var capacity: Int
  @usableFromInline var end = 0

  /// Number of bytes written.
  @inlinable package var count: Int { end }

  package init(capacityBytes: Int = 256) {
    capacity = max(capacityBytes, 16)
    unsafe base = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
  }

  deinit { unsafe base.deallocate() }

  @inlinable package var isEmpty: Bool { count == 0 }

  /// All that was written, borrowed.
  package var span: Span<UInt8> {
    @_lifetime(borrow self)
    get {
      let raw = unsafe UnsafeRawBufferPointer(start: base, count: count)
      let span = unsafe Span<UInt8>(_unsafeBytes: raw)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// A copy of all that was written.
  package func array() -> [UInt8] {
    unsafe [UInt8](UnsafeRawBufferPointer(start: base, count: count))
  }

  /// Forgets what was written and keeps the memory.
  @inlinable package mutating func removeAll() { end = 0 }

  /// Forgets what was written from `newCount` on.
  package mutating func truncate(to newCount: Int) {
    precondition(newCount >= 0 && newCount <= count, "cannot truncate \(count) to \(newCount)")
    end = newCount
  }

  /// Makes room for `more` bytes, so that the next appends need not grow.
  @inlinable
  @inline(__always)
  package mutating func reserve(_ more: Int) {
    if count &+ more > capacity { grow(by: more) }
  }

  @usableFromInline
  @inline(never)
  mutating func grow(by more: Int) {
    let wanted = max(capacity * 2, count + more)
    let bigger = UnsafeMutableRawPointer.allocate(byteCount: wanted, alignment: 16)
    unsafe bigger.copyMemory(from: base, byteCount: count)
    unsafe base.deallocate()
    unsafe base = bigger
    capacity = wanted
  }

  @inlinable
  @inline(__always)
  mutating func store<T: BitwiseCopyable>(_ value: T) {
    reserve(MemoryLayout<T>.size)
    unsafe base.storeBytes(of: value, toByteOffset: count, as: T.self)
    end &+= MemoryLayout<T>.size
  }

  @inlinable
  @inline(__always)
  package mutating func u8(_ value: UInt8) { store(value) }

  @inlinable
  @inline(__always)
  package mutating func be16(_ value: UInt16) { store(value.bigEndian) }

  @inlinable
  @inline(__always)
  package mutating func be32(_ value: UInt32) { store(value.bigEndian) }

  @inlinable
  @inline(__always)
  package mutating func be64(_ value: UInt64) { store(value.bigEndian) }

  @inlinable
  @inline(__always)
  package mutating func le32(_ value: UInt32) { store(value.littleEndian) }

  @inlinable
  @inline(__always)
  package mutating func le64(_ value: UInt64) { store(value.littleEndian) }

  /// The bits of a double, big endian.
  @inlinable
  @inline(__always)
  package mutating func f64(_ value: Double) { be64(value.bitPattern) }

  @inlinable
  @inline(__always)
  package mutating func uvarint(_ value: UInt64) {
    reserve(10)
    end = unsafe VarintForm.store(value, to: base, at: end)
  }

  @inlinable
  @inline(__always)
  package mutating func varint(_ value: Int64) {
    uvarint(UInt64(bitPattern: (value &<< 1) ^ (value &>> 63)))
  }

  package mutating func append(_ bytes: Span<UInt8>) {
    unsafe bytes.withUnsafeBytes { from in
      guard let start = from.baseAddress, from.count > 0 else { return }
      reserve(from.count)
      unsafe (base + count).copyMemory(from: start, byteCount: from.count)
      end &+= from.count
    }
  }

  package mutating func append(_ bytes: [UInt8]) { append(bytes.span) }

  package mutating func append(_ text: String) { append(text.utf8.span) }

  package mutating func append(repeating byte: UInt8, count more: Int) {
    precondition(more >= 0, "negative count: \(more)")
    reserve(more)
    unsafe (base + count).initializeMemory(as: UInt8.self, repeating: byte, count: more)
    end &+= more
  }

  /// A uvarint length and the bytes.
  package mutating func uvarintBytes(_ bytes: Span<UInt8>) {
    uvarint(UInt64(bytes.count))
    append(bytes)
  }

  package mutating func uvarintString(_ text: String) { uvarintBytes(text.utf8.span) }

  /// Overwrites four bytes that were written before, such as a length known only now.
  package mutating func patchBE32(at offset: Int, _ value: UInt32) {
    precondition(offset >= 0 && offset + 4 <= count, "patch outside of what was written")
    unsafe base.storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt32.self)
  }

  package mutating func patch(at offset: Int, _ value: UInt8) {
    precondition(offset >= 0 && offset < count, "patch outside of what was written")
    unsafe base.storeBytes(of: value, toByteOffset: offset, as: UInt8.self)
  }

  /// Moves what stands from `offset` on by `gap` bytes, which become zero: room for a length that
  /// is known only after what it measures was written.
  package mutating func insertGap(at offset: Int, _ gap: Int) {
    precondition(offset >= 0 && offset <= count && gap >= 0, "gap outside of what was written")
    reserve(gap)
    let from = unsafe base + offset
    unsafe (from + gap).copyMemory(from: from, byteCount: count - offset)
    unsafe from.initializeMemory(as: UInt8.self, repeating: 0, count: gap)
    end += gap
  }

  /// Hands `body` a place for up to `most` bytes at the end: for loops that write many small
  /// things, whose offset then stays in a register.
  @inlinable
  @inline(__always)
  package mutating func appendInPlace(atMost most: Int, _ body: (inout ByteRoom) -> Void) {
    reserve(most)
    var room = unsafe ByteRoom(base: base + end, capacity: most)
    body(&room)
    end &+= room.count
  }

  /// Lets `body` write up to `most` bytes at the end; it returns how many it wrote.
  ///
  /// For codecs, which write where they are told to; the pointer must not leave the closure.
  package mutating func appendUnsafe<E: Error>(
    atMost most: Int, _ body: (UnsafeMutableRawBufferPointer) throws(E) -> Int
  ) throws(E) {
    reserve(most)
    let room = unsafe UnsafeMutableRawBufferPointer(start: base + count, count: most)
    let written = unsafe try body(room)
    precondition(written >= 0 && written <= most, "wrote \(written) of \(most) bytes")
    end &+= written
  }
}

/// Bytes that are being written into a place of a fixed size; one more is a bug, and traps.
@safe package struct ByteRoom: ~Copyable {
  @usableFromInline let base: UnsafeMutableRawPointer
  @usableFromInline let capacity: Int
  @usableFromInline var end = 0

  @inlinable
  init(base: UnsafeMutableRawPointer, capacity: Int) {
    unsafe self.base = base
    self.capacity = capacity
  }

  /// Number of bytes written.
  @inlinable package var count: Int { end }

  @inlinable
  @inline(__always)
  func need(_ more: Int) { precondition(end <= capacity &- more, "no room left") }

  @inlinable
  @inline(__always)
  package mutating func be64(_ value: UInt64) {
    need(8)
    unsafe base.storeBytes(of: value.bigEndian, toByteOffset: end, as: UInt64.self)
    end &+= 8
  }

  /// Takes up to ten bytes, and wants room for ten.
  @inlinable
  @inline(__always)
  package mutating func uvarint(_ value: UInt64) {
    need(10)
    end = unsafe VarintForm.store(value, to: base, at: end)
  }

  /// Takes up to ten bytes, and wants room for ten.
  @inlinable
  @inline(__always)
  package mutating func varint(_ value: Int64) {
    uvarint(UInt64(bitPattern: (value &<< 1) ^ (value &>> 63)))
  }
}

/// LEB128: seven bits a byte, low group first.
@usableFromInline
enum VarintForm {
  /// Stores an integer; there must be room for ten bytes. Returns where it ends.
  @inlinable
  @inline(__always)
  static func store(_ value: UInt64, to base: UnsafeMutableRawPointer, at start: Int) -> Int {
    if value < 0x80 {
      unsafe base.storeBytes(
        of: UInt8(truncatingIfNeeded: value), toByteOffset: start, as: UInt8.self)
      return start &+ 1
    }
    if value < 0x4000 {
      let pair = UInt16(truncatingIfNeeded: value & 0x7F | 0x80 | (value &>> 7) &<< 8)
      unsafe base.storeBytes(of: pair.littleEndian, toByteOffset: start, as: UInt16.self)
      return start &+ 2
    }
    return unsafe storeLong(value, to: base, at: start)
  }

  @usableFromInline
  static func storeLong(_ value: UInt64, to base: UnsafeMutableRawPointer, at start: Int) -> Int {
    var left = value
    var at = start
    while left >= 0x80 {
      unsafe base.storeBytes(
        of: UInt8(truncatingIfNeeded: left) | 0x80, toByteOffset: at, as: UInt8.self)
      left &>>= 7
      at &+= 1
    }
    unsafe base.storeBytes(of: UInt8(truncatingIfNeeded: left), toByteOffset: at, as: UInt8.self)
    return at &+ 1
  }
}
