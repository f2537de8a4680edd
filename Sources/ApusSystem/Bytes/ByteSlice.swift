/// An immutable range of bytes that keeps its owner, a mapped file or an array, alive.
///
/// Copying one costs a retain; cutting one copies no bytes.
@safe package struct ByteSlice: @unchecked Sendable {
  // Sound because the bytes never change while the owner lives, and the slice keeps it alive.
  private let owner: AnyObject?
  private let start: UnsafePointer<UInt8>?

  package let count: Int

  package static let empty = ByteSlice([])

  /// Bytes at an address that stay valid and unchanged for as long as `owner` lives.
  package init(unsafeStart start: UnsafePointer<UInt8>?, count: Int, owner: AnyObject) {
    unsafe self.start = start
    self.count = count
    self.owner = owner
  }

  /// Takes a copy of an array.
  package init(_ bytes: [UInt8]) {
    let owner = BytesOwner(bytes)
    unsafe start = UnsafePointer(owner.base)
    count = bytes.count
    self.owner = owner
  }

  package var isEmpty: Bool { count == 0 }

  /// The bytes, borrowed for as long as the slice is.
  package var span: Span<UInt8> {
    @_lifetime(borrow self)
    get {
      let buffer = unsafe UnsafeBufferPointer(start: start, count: count)
      let span = unsafe Span<UInt8>(_unsafeElements: buffer)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  package subscript(offset: Int) -> UInt8 {
    precondition(offset >= 0 && offset < count, "offset outside of the slice: \(offset)")
    return unsafe start.unsafelyUnwrapped[offset]
  }

  /// A part of the slice, with the same owner. The range must lie inside.
  package subscript(range: Range<Int>) -> ByteSlice {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= count, "range outside of the slice: \(range)")
    guard let owner else { return self }
    return unsafe ByteSlice(
      unsafeStart: start.map { unsafe $0 + range.lowerBound }, count: range.count, owner: owner)
  }

  package func array() -> [UInt8] {
    unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  }
}

/// Bytes on the heap, which do not move.
@safe private final class BytesOwner {
  let base: UnsafeMutablePointer<UInt8>

  init(_ bytes: [UInt8]) {
    unsafe base = UnsafeMutablePointer<UInt8>.allocate(capacity: max(bytes.count, 1))
    unsafe bytes.withUnsafeBufferPointer { from in
      guard let start = from.baseAddress else { return }
      unsafe base.initialize(from: start, count: from.count)
    }
  }

  deinit { unsafe base.deallocate() }
}
