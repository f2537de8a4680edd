internal import Glibc

/// Address space that is reserved once and filled as it is needed: memory that grows without
/// copying, so that an address once given stays right. Fresh memory is zero.
@safe package struct Arena: ~Copyable, @unchecked Sendable {
  // Sound because the region has one owner, this value, which cannot be copied.
  let base: UnsafeMutableRawPointer

  /// Bytes of address space, a multiple of the page; they cost nothing until committed.
  package let reservedBytes: Int

  /// Bytes from the beginning that may be used, a multiple of the page.
  package private(set) var committedBytes = 0

  static let pageBytes = 4096
  private static let firstStepBytes = 64 << 10

  /// - Parameter reservedBytes: the most that it will ever hold, above 0; rounded up to pages.
  package init(reservedBytes: Int) {
    precondition(reservedBytes > 0, "an arena of \(reservedBytes) bytes")
    let rounded = (reservedBytes + Self.pageBytes - 1) / Self.pageBytes * Self.pageBytes
    // No access yet, so that it counts for no one's limit of committed memory.
    let mapped = unsafe mmap(
      nil, rounded, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard unsafe mapped != MAP_FAILED, let mapped = unsafe mapped else {
      fatalError("cannot reserve \(rounded) bytes of address space; raise ulimit -v")
    }
    unsafe base = mapped
    self.reservedBytes = rounded
  }

  deinit { unsafe munmap(base, reservedBytes) }

  /// Makes the first `wanted` bytes usable; grows by half, so that calls are few.
  package mutating func commit(_ wanted: Int) {
    guard wanted > committedBytes else { return }
    precondition(wanted <= reservedBytes, "arena full: \(wanted) of \(reservedBytes) bytes")
    let step = max(wanted, committedBytes + committedBytes / 2, Self.firstStepBytes)
    let rounded = min((step + Self.pageBytes - 1) / Self.pageBytes * Self.pageBytes, reservedBytes)
    let more = rounded - committedBytes
    guard unsafe mprotect(base + committedBytes, more, PROT_READ | PROT_WRITE) == 0 else {
      fatalError("out of memory: cannot commit \(more) bytes more")
    }
    committedBytes = rounded
  }

  /// Gives the memory of whole pages inside the range back to the system; they read as zero after.
  package mutating func discard(_ range: Range<Int>) {
    let page = Self.pageBytes
    let lower = (range.lowerBound + page - 1) / page * page
    let upper = min(range.upperBound, committedBytes) / page * page
    guard lower < upper else { return }
    precondition(lower >= 0, "range outside of the arena: \(range)")
    unsafe madvise(base + lower, upper - lower, MADV_DONTNEED)
  }
}
