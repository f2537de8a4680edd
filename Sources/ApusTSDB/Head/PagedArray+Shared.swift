internal import CIntrinsics
internal import Glibc

/// A column, shared by threads, that grows without ever moving: address space for its largest size
/// is reserved at once, memory is taken page by page as elements are first written. Untouched
/// elements read as zero bytes.
///
/// One thread writes an element at a time; others may read elements that its owner has published
/// to them (by a lock). Nothing here locks.
@safe package final class SharedColumn<Element: BitwiseCopyable>: @unchecked Sendable {
  // Sound because the memory never moves and elements are plain bytes; the owner orders access.
  let base: UnsafeMutablePointer<Element>
  /// Elements that there is room for.
  package let capacityMax: Int

  /// - Parameter capacityMax: elements that will ever be needed; costs address space only.
  package init(capacityMax: Int) {
    let memory = unsafe Reservation.make(bytes: capacityMax * MemoryLayout<Element>.stride)
    unsafe base = memory.bindMemory(to: Element.self, capacity: capacityMax)
    self.capacityMax = capacityMax
  }

  deinit {
    unsafe Reservation.free(base, bytes: capacityMax * MemoryLayout<Element>.stride)
  }

  /// The elements as such: for a thread that writes some of them while another writes others,
  /// where the column as a whole would be one thing that both of them change. Valid while the
  /// column lives.
  @safe struct Elements: @unchecked Sendable {
    // Sound because who makes one keeps the column, by the rules of which its elements are used.
    private let base: UnsafeMutablePointer<Element>
    private let capacityMax: Int

    fileprivate init(_ column: SharedColumn) {
      unsafe base = column.base
      capacityMax = column.capacityMax
    }

    @inline(__always)
    subscript(index: UInt32) -> Element {
      precondition(Int(index) < capacityMax)
      return unsafe base[Int(index)]
    }

    @inline(__always)
    func update<Result>(_ index: UInt32, _ change: (inout Element) -> Result) -> Result {
      precondition(Int(index) < capacityMax)
      let element = unsafe base + Int(index)
      return unsafe change(&element.pointee)
    }

    /// Asks for the memory of an element, which will be needed soon.
    @inline(__always)
    func prefetch(_ index: UInt32) {
      precondition(Int(index) < capacityMax)
      unsafe apus_prefetch(base + Int(index))
    }
  }

  var elements: Elements { Elements(self) }

  package subscript(index: Int) -> Element {
    @inline(__always)
    unsafeAddress {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: capacityMax))
      return unsafe UnsafePointer(base + index)
    }
    @inline(__always)
    unsafeMutableAddress {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: capacityMax))
      return unsafe base + index
    }
  }

  package subscript(index: UInt32) -> Element {
    @inline(__always)
    unsafeAddress {
      precondition(Int(index) < capacityMax)
      return unsafe UnsafePointer(base + Int(index))
    }
    @inline(__always)
    unsafeMutableAddress {
      precondition(Int(index) < capacityMax)
      return unsafe base + Int(index)
    }
  }

  /// Elements as a span. Valid while the array lives; the owner sees to it that they do not
  /// change meanwhile.
  @_lifetime(borrow self)
  package func span(_ range: Range<Int>) -> Span<Element> {
    precondition(range.lowerBound >= 0 && range.upperBound <= capacityMax)
    let part = unsafe UnsafeBufferPointer(start: base + range.lowerBound, count: range.count)
    return unsafe _overrideLifetime(part.span, borrowing: self)
  }

  /// Elements as bytes in the machine's order, by the rules of `span`.
  @_lifetime(borrow self)
  package func bytes(_ range: Range<Int>) -> Span<UInt8> {
    precondition(range.lowerBound >= 0 && range.upperBound <= capacityMax)
    let part = unsafe UnsafeRawBufferPointer(
      start: base + range.lowerBound, count: range.count * MemoryLayout<Element>.stride)
    let span = unsafe Span<UInt8>(_unsafeBytes: part)
    return unsafe _overrideLifetime(span, borrowing: self)
  }

  /// Overwrites the first elements by bytes in the machine's order, whole elements of them.
  package func write(_ bytes: Span<UInt8>) {
    let stride = MemoryLayout<Element>.stride
    precondition(bytes.count % stride == 0 && bytes.count / stride <= capacityMax)
    unsafe bytes.withUnsafeBytes { source in
      guard let from = source.baseAddress else { return }
      unsafe memcpy(base, from, source.count)
    }
  }

  /// Overwrites the first elements by those of another column.
  package func copy(from other: SharedColumn<Element>, count: Int) {
    precondition(count >= 0 && count <= capacityMax && count <= other.capacityMax)
    unsafe memcpy(base, other.base, count * MemoryLayout<Element>.stride)
  }

  /// An element among bytes in the machine's order, which `bytes(_:)` gave.
  package static func element(_ index: Int, in bytes: Span<UInt8>) -> Element {
    let stride = MemoryLayout<Element>.stride
    precondition(index >= 0 && index < bytes.count / stride, "element \(index) is not there")
    return unsafe bytes.bytes.unsafeLoadUnaligned(
      fromByteOffset: index * stride, as: Element.self)
  }

  /// Takes the memory of the first elements now, and not when they are written.
  package func populate(_ count: Int) {
    precondition(count >= 0 && count <= capacityMax)
    let bytes = count * MemoryLayout<Element>.stride
    for offset in stride(from: 0, to: bytes, by: Reservation.pageBytes) {
      unsafe UnsafeMutableRawPointer(base).storeBytes(of: 0, toByteOffset: offset, as: UInt8.self)
    }
  }

  /// Gives the memory of whole pages inside `range` back; its elements read as zero bytes again.
  package func release(_ range: Range<Int>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= capacityMax)
    let stride = MemoryLayout<Element>.stride
    unsafe Reservation.release(
      base, from: range.lowerBound * stride, to: range.upperBound * stride)
  }
}

/// Address space from the system.
enum Reservation {
  static let pageBytes = 4096

  static func make(bytes: Int) -> UnsafeMutableRawPointer {
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
    let memory = unsafe mmap(nil, max(bytes, pageBytes), PROT_READ | PROT_WRITE, flags, -1, 0)
    guard let memory = unsafe memory, unsafe memory != MAP_FAILED else {
      fatalError(
        "cannot reserve \(bytes) bytes of address space (errno \(errno)); "
          + "lift the limit (ulimit -v) or vm.overcommit_memory=2")
    }
    // A huge page per column would be most of the memory of a small server.
    unsafe madvise(memory, max(bytes, pageBytes), MADV_NOHUGEPAGE)
    return unsafe memory
  }

  static func free(_ memory: UnsafeMutableRawPointer, bytes: Int) {
    unsafe munmap(memory, max(bytes, pageBytes))
  }

  /// Takes the memory of whole pages. Systems that cannot do that give it when it is written.
  static func populate(_ memory: UnsafeMutableRawPointer, bytes: Int, isHuge: Bool) {
    if isHuge { unsafe madvise(memory, bytes, MADV_HUGEPAGE) }
    let populateWrite: Int32 = 23
    unsafe madvise(memory, bytes, populateWrite)
  }

  static func preferHuge(_ memory: UnsafeMutableRawPointer, from start: Int, to end: Int) {
    let first = (start + pageBytes - 1) / pageBytes * pageBytes
    guard first < end else { return }
    unsafe madvise(memory + first, end - first, MADV_HUGEPAGE)
  }

  /// Gives back the whole pages between two byte offsets.
  static func release(_ memory: UnsafeMutableRawPointer, from start: Int, to end: Int) {
    let first = (start + pageBytes - 1) / pageBytes * pageBytes
    let last = end / pageBytes * pageBytes
    guard first < last else { return }
    unsafe madvise(memory + first, last - first, MADV_DONTNEED)
  }
}
