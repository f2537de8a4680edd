internal import Glibc

/// A read-only mapping of a whole file, unmapped when its last user is gone.
///
/// A device that fails while a page is read ends the process with SIGBUS, as it does for every
/// database that maps its files; so does cutting a file that is mapped.
@safe package final class MappedRegion: @unchecked Sendable {
  // Sound because the mapping is read-only and never changes until deinit.
  private let start: UnsafeMutableRawPointer?

  package let count: Int

  /// Maps the bytes that the file has now.
  package init(path: String) throws(PosixError) {
    let descriptor = try FileDescriptor(path: path, flags: O_RDONLY, mode: 0)
    count = try descriptor.sizeBytes()
    guard count > 0 else {
      unsafe start = nil
      return
    }
    let mapped = unsafe mmap(nil, count, PROT_READ, MAP_SHARED, descriptor.number, 0)
    guard unsafe mapped != MAP_FAILED else { throw PosixError(call: "mmap", path: path) }
    unsafe start = mapped
  }

  deinit { if let start = unsafe start { unsafe munmap(start, count) } }

  /// All bytes; the slice keeps the mapping.
  package var slice: ByteSlice {
    unsafe ByteSlice(
      unsafeStart: start.map { unsafe UnsafePointer($0.assumingMemoryBound(to: UInt8.self)) },
      count: count, owner: self)
  }

  package enum Access: Sendable { case random, sequential, willNeed, notNeeded }

  /// Tells the system how the pages will be used; a hint, so failure is no matter.
  package func advise(_ access: Access) {
    guard let start = unsafe start else { return }
    let advice =
      switch access {
      case .random: MADV_RANDOM
      case .sequential: MADV_SEQUENTIAL
      case .willNeed: MADV_WILLNEED
      case .notNeeded: MADV_DONTNEED
      }
    unsafe madvise(start, count, Int32(advice))
  }
}
