internal import Glibc

/// What a `FaultyFileSystem` is to do wrong.
package struct Faults: Sendable {
  /// Bytes that all files may take together; one more is `no space left on device`.
  package var capacityBytes = Int.max
  package var isReadOnly = false
  /// In the operation after so many more the disk is full: what is taken then is its capacity.
  package var fullAfter: Int?
  /// The operation after so many more fails with `code`, once, and does nothing; nil for none.
  package var failAfter: Int?
  /// Of `failAfter`.
  package var code: Int32 = EIO
  /// No sync of a file succeeds.
  package var failsSyncs = false
  /// The process dies in the operation after so many more, which may be done in part.
  package var dieAfter: Int?

  package init() {}
}

/// One call to a `FaultyFileSystem`.
package enum FaultyCall: String, Sendable {
  case read, map, create, append, list, status, makeDirectory, remove, rename, link, truncate
  case sync, syncDirectory, lock, freeBytes, write, allocate

  /// Whether it changes the disk.
  var isChange: Bool {
    switch self {
    case .read, .map, .list, .status, .freeBytes, .sync, .syncDirectory: false
    default: true
    }
  }
}
