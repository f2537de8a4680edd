internal import Synchronization

/// Where the memory of an arena ends that is in use. Taken from by any thread, whole pages at a
/// time, which are given by the system in one go: a fault for each page, when it is first written,
/// would cost more than what is written.
final class ArenaFrontier: Sendable {
  private let arena: SharedArena
  private let next = Atomic<Int>(ArenaFrontier.pageBytes)

  /// The first page is taken from the beginning.
  static let pageBytes = 4096
  /// Pieces are a part of what is in use, so that little is in vain.
  private static let usedPerPiece = 32
  private static let pieceBytesMax = 1 << 20
  /// An arena of this size has large pages from here on: fewer of them to be found again at each
  /// sample. A small one would have most of its memory in the last of them.
  static let hugeFrom = 48 << 20
  static let hugeBytes = 2 << 20

  init(_ arena: SharedArena) { self.arena = arena }

  /// Offset behind all that was taken.
  var end: Int { next.load(ordering: .relaxed) }

  /// A range of whole pages, zero bytes all of it.
  func take(_ bytes: Int) -> Range<Int> {
    let wanted = (bytes + Self.pageBytes - 1) / Self.pageBytes * Self.pageBytes
    let end = next.add(wanted, ordering: .relaxed).newValue
    precondition(end <= arena.capacityMax, "the head's memory is full: \(end) bytes")
    return (end - wanted)..<end
  }

  /// A range to cut small slots from.
  func takePiece(atLeast bytes: Int) -> Range<Int> {
    let used = end
    let isHuge = used >= Self.hugeFrom
    let piece = isHuge ? Self.hugeBytes : min(used / Self.usedPerPiece, Self.pieceBytesMax)
    let range = take(max(bytes, piece))
    if piece > Self.pageBytes { arena.populate(range, isHuge: isHuge) }
    return range
  }

  /// Begins behind memory that has been written back. Only while nothing was taken.
  func restore(end: Int) {
    precondition(self.end == Self.pageBytes, "the arena is in use")
    next.store((end + Self.pageBytes - 1) / Self.pageBytes * Self.pageBytes, ordering: .relaxed)
  }
}
