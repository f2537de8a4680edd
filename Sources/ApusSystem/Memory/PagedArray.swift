/// An array of plain values in reserved address space: it grows without copying, an element never
/// moves, and memory can be given back in the middle. The head's columns live in it.
///
/// Access costs what it costs in an Array; an index outside of `indices` traps.
@safe package struct PagedArray<Element: BitwiseCopyable>: ~Copyable {
  private var arena: Arena
  private let elements: UnsafeMutablePointer<Element>

  package private(set) var count = 0

  /// Elements for which memory is committed.
  private var ready = 0

  /// The most elements that it can hold.
  package let capacityMax: Int

  /// - Parameter capacityMax: the most elements that it will ever hold; costs address space only.
  package init(capacityMax: Int) {
    precondition(capacityMax > 0, "capacity of \(capacityMax) elements")
    self.capacityMax = capacityMax
    arena = Arena(reservedBytes: capacityMax * MemoryLayout<Element>.stride)
    unsafe elements = arena.base.bindMemory(to: Element.self, capacity: capacityMax)
  }

  @inline(__always)
  package var indices: Range<Int> { 0..<count }

  @inline(__always)
  package var isEmpty: Bool { count == 0 }

  /// Bytes of memory that are in use at most (committed, whether touched or not).
  package var committedBytes: Int { arena.committedBytes }

  @inline(__always)
  package subscript(index: Int) -> Element {
    get {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "index out of range")
      return unsafe elements[index]
    }
    set {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "index out of range")
      unsafe elements[index] = newValue
    }
  }

  @inline(__always)
  package mutating func append(_ element: Element) {
    if count == ready { makeReady(count + 1) }
    unsafe elements[count] = element
    count &+= 1
  }

  package mutating func append(repeating element: Element, count more: Int) {
    precondition(more >= 0, "negative count: \(more)")
    makeReady(count + more)
    unsafe (elements + count).initialize(repeating: element, count: more)
    count += more
  }

  /// Appends elements of all-zero bytes, which touches no fresh memory.
  package mutating func appendZeros(_ more: Int) {
    precondition(more >= 0, "negative count: \(more)")
    makeReady(count + more)
    // Memory behind `count` may hold what was removed before.
    if count < dirty {
      let bytes = (min(dirty, count + more) - count) * MemoryLayout<Element>.stride
      unsafe UnsafeMutableRawPointer(elements + count)
        .initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    }
    count += more
  }

  package mutating func append(contentsOf source: Span<Element>) {
    makeReady(count + source.count)
    unsafe source.withUnsafeBufferPointer { from in
      guard let start = from.baseAddress else { return }
      unsafe (elements + count).update(from: start, count: from.count)
    }
    count += source.count
  }

  /// Elements that were in use at some time; behind them all memory is fresh.
  private var dirty = 0

  @inline(never)
  private mutating func makeReady(_ wanted: Int) {
    guard wanted > ready else { return }
    precondition(wanted <= capacityMax, "paged array full: \(capacityMax) elements")
    arena.commit(wanted * MemoryLayout<Element>.stride)
    ready = min(capacityMax, arena.committedBytes / MemoryLayout<Element>.stride)
  }

  /// Removes the elements from `newCount` on and keeps their memory.
  package mutating func truncate(to newCount: Int) {
    precondition(newCount >= 0 && newCount <= count, "cannot truncate \(count) to \(newCount)")
    dirty = max(dirty, count)
    count = newCount
  }

  package mutating func removeAll() { truncate(to: 0) }

  /// Removes the elements from `newCount` on and gives their memory back.
  package mutating func shrink(to newCount: Int) {
    truncate(to: newCount)
    let stride = MemoryLayout<Element>.stride
    arena.discard((newCount * stride)..<arena.committedBytes)
    // Whole pages are fresh again; what shares a page with the last element is not.
    let page = Arena.pageBytes
    dirty = min(dirty, ((newCount * stride + page - 1) / page * page + stride - 1) / stride)
  }

  /// Gives the memory of a range back; its elements may read as zero bytes afterwards.
  package mutating func discard(_ range: Range<Int>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "range outside of the array")
    let stride = MemoryLayout<Element>.stride
    arena.discard((range.lowerBound * stride)..<(range.upperBound * stride))
  }

  /// All elements, borrowed: for loops, whose checks the compiler can then hoist.
  package var span: Span<Element> {
    @_lifetime(borrow self)
    get {
      let buffer = unsafe UnsafeBufferPointer(start: elements, count: count)
      return unsafe _overrideLifetime(Span(_unsafeElements: buffer), borrowing: self)
    }
  }

  /// All elements, to be changed in place.
  package var mutableSpan: MutableSpan<Element> {
    @_lifetime(&self)
    mutating get {
      let buffer = unsafe UnsafeMutableBufferPointer(start: elements, count: count)
      let span = unsafe MutableSpan(_unsafeElements: buffer)
      return unsafe _overrideLifetime(span, mutating: &self)
    }
  }

  /// A range of elements, borrowed.
  @_lifetime(borrow self)
  package func span(_ range: Range<Int>) -> Span<Element> {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "range outside of the array")
    let buffer = unsafe UnsafeBufferPointer(
      start: elements + range.lowerBound, count: range.count)
    return unsafe _overrideLifetime(Span(_unsafeElements: buffer), borrowing: self)
  }

  /// A range of elements, to be changed in place.
  @_lifetime(&self)
  package mutating func mutableSpan(_ range: Range<Int>) -> MutableSpan<Element> {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "range outside of the array")
    let buffer = unsafe UnsafeMutableBufferPointer(
      start: elements + range.lowerBound, count: range.count)
    let span = unsafe MutableSpan(_unsafeElements: buffer)
    return unsafe _overrideLifetime(span, mutating: &self)
  }

  /// Copies elements inside the array; the ranges may overlap.
  package mutating func copy(_ range: Range<Int>, to target: Int) {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "range outside of the array")
    precondition(target >= 0 && target + range.count <= count, "target outside of the array")
    unsafe (elements + target).update(from: elements + range.lowerBound, count: range.count)
  }
}

extension PagedArray: @unchecked Sendable where Element: Sendable {
  // Sound because the memory has one owner, this value, which cannot be copied.
}
