internal import CIntrinsics
internal import Glibc

/// Raw bytes, shared by threads, that grow without ever moving: address space is reserved at once,
/// memory is taken page by page as it is first written. Untouched bytes read as zero. Who owns
/// which bytes is the caller's affair; the rules for threads are those of `SharedColumn`.
@safe package final class SharedArena: @unchecked Sendable {
  // Sound because the memory never moves and holds plain bytes; the owner orders access.
  let base: UnsafeMutableRawPointer
  package let capacityMax: Int

  /// - Parameter capacityMax: bytes that will ever be needed; costs address space only.
  package init(capacityMax: Int) {
    unsafe base = Reservation.make(bytes: capacityMax)
    self.capacityMax = capacityMax
  }

  deinit { unsafe Reservation.free(base, bytes: capacityMax) }

  /// Reads a value in the machine's byte order; `offset` need not be aligned.
  @inline(__always)
  package func load<T: BitwiseCopyable>(at offset: Int, as type: T.Type = T.self) -> T {
    check(offset, MemoryLayout<T>.size)
    return unsafe base.loadUnaligned(fromByteOffset: offset, as: type)
  }

  /// Writes a value in the machine's byte order; `offset` need not be aligned.
  @inline(__always)
  package func store<T: BitwiseCopyable>(_ value: T, at offset: Int) {
    check(offset, MemoryLayout<T>.size)
    unsafe base.storeBytes(of: value, toByteOffset: offset, as: T.self)
  }

  /// Asks for the memory at an offset, which will be needed soon.
  @inline(__always)
  func prefetch(at offset: Int) {
    check(offset, 1)
    unsafe apus_prefetch(base + offset)
  }

  package func write(_ bytes: Span<UInt8>, at offset: Int) {
    check(offset, bytes.count)
    unsafe bytes.withUnsafeBytes { source in
      guard let from = source.baseAddress else { return }
      unsafe memcpy(base + offset, from, source.count)
    }
  }

  /// Appends bytes of the arena to an array.
  package func append(_ range: Range<Int>, to bytes: inout [UInt8]) {
    check(range.lowerBound, range.count)
    let start = unsafe (base + range.lowerBound).assumingMemoryBound(to: UInt8.self)
    unsafe bytes.append(contentsOf: UnsafeBufferPointer(start: start, count: range.count))
  }

  /// Copies bytes inside the arena; the ranges may overlap.
  package func copy(from source: Int, to target: Int, count: Int) {
    check(source, count)
    check(target, count)
    unsafe memmove(base + target, base + source, count)
  }

  package func zero(_ range: Range<Int>) {
    check(range.lowerBound, range.count)
    unsafe memset(base + range.lowerBound, 0, range.count)
  }

  /// Bytes as a span. Valid while the arena lives, which the compiler does not check; the owner
  /// sees to that, and that what is read does not change meanwhile.
  @_lifetime(immortal)
  package func bytes(_ range: Range<Int>) -> Span<UInt8> {
    span(at: range.lowerBound, count: range.count, of: UInt8.self)
  }

  /// Values as a span, by the rules of `bytes`; `offset` must be aligned for the type.
  @_lifetime(immortal)
  package func span<T: BitwiseCopyable>(
    at offset: Int, count: Int, of type: T.Type
  ) -> Span<T> {
    check(offset, count * MemoryLayout<T>.stride)
    precondition(offset % MemoryLayout<T>.alignment == 0, "unaligned: \(offset)")
    let start = unsafe (base + offset).assumingMemoryBound(to: type)
    let part = unsafe UnsafeBufferPointer(start: start, count: count)
    return unsafe _overrideLifetime(part.span, copying: ())
  }

  /// Takes the memory of a range now, in one go and not page by page as it is written.
  /// - Parameter isHuge: in pages as large as the machine has them.
  func populate(_ range: Range<Int>, isHuge: Bool) {
    check(range.lowerBound, range.count)
    unsafe Reservation.populate(base + range.lowerBound, bytes: range.count, isHuge: isHuge)
  }

  /// Asks for pages as large as the machine has them where a range is written first.
  func preferHuge(_ range: Range<Int>) {
    check(range.lowerBound, range.count)
    unsafe Reservation.preferHuge(base, from: range.lowerBound, to: range.upperBound)
  }

  /// Gives the memory of whole pages inside `range` back; its bytes read as zero again.
  package func release(_ range: Range<Int>) {
    check(range.lowerBound, range.count)
    unsafe Reservation.release(base, from: range.lowerBound, to: range.upperBound)
  }

  @inline(__always)
  func check(_ offset: Int, _ count: Int) {
    precondition(offset >= 0 && count >= 0 && offset <= capacityMax &- count)
  }
}
