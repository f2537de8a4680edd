/// Pure: how far ahead a growing file is allocated. A step is about an eighth of what was written
/// since the last sync, so that a busy file seldom asks for blocks and a slow one holds few that
/// it does not need.
package struct AllocationStep: Sendable {
  package static let bytesMin = 64 << 10

  private let bytesMax: Int
  private var bytes: Int
  /// Length at the last sync, and where the file was allocated to since.
  private var syncedLength = 0

  /// - Parameter bytesMax: the longest step.
  package init(bytesMax: Int) {
    self.bytesMax = bytesMax
    bytes = min(bytesMax, Self.bytesMin)
  }

  /// Bytes of the next step, of a file that is allocated up to `allocated` and full.
  package mutating func next(allocated: Int) -> Int {
    if allocated - syncedLength >= bytes * 8 { bytes = min(bytesMax, bytes * 2) }
    return bytes
  }

  /// Tells of a sync of a file of `length` bytes.
  /// - Returns: whether nothing was written since the one before.
  package mutating func sync(length: Int) -> Bool {
    let written = length - syncedLength
    syncedLength = length
    if written < bytes { bytes = max(min(bytesMax, Self.bytesMin), bytes / 2) }
    return written == 0
  }
}
