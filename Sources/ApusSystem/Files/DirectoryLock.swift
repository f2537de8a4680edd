internal import Glibc
internal import Synchronization

/// One process per data directory: an exclusive flock on `<directory>/lock`, held until released
/// or forgotten. The kernel drops it with the process, however that ends.
package final class DirectoryLock: Sendable {
  private let descriptor: Mutex<FileDescriptor?>
  private let onRelease: (@Sendable () -> Void)?

  package let path: String

  /// True if the lock file was there before: the last process did not release it.
  package let wasLeftBehind: Bool

  /// - Throws: `PosixError` with call `lock DB directory` when another process holds it.
  init(directory: String) throws(PosixError) {
    path = FilePath.join(directory, "lock")
    var existed = unsafe access(path, F_OK) == 0
    while true {
      let file = try FileDescriptor(path: path, flags: O_RDWR | O_CREAT, mode: 0o666)
      let path = path
      do throws(PosixError) {
        _ = try PosixError.check("flock", path) { flock(file.number, LOCK_EX | LOCK_NB) }
      } catch {
        throw PosixError(call: PosixError.lockCall, path: directory, code: error.code)
      }
      // The holder before us may have removed the file between our open and our flock: then we
      // hold a lock on a file that no one else will ever find.
      if DirectoryLock.isSame(file, path) {
        descriptor = Mutex(file)
        wasLeftBehind = existed
        onRelease = nil
        return
      }
      existed = false
    }
  }

  /// A lock of a file system in memory, which says how to let go of it.
  package init(inMemory path: String, onRelease: @escaping @Sendable () -> Void) {
    self.path = path
    self.onRelease = onRelease
    wasLeftBehind = false
    descriptor = Mutex(nil)
  }

  deinit { onRelease?() }

  /// Removes the lock file and lets go.
  package func release() {
    onRelease?()
    descriptor.withLock { held in
      guard held != nil else { return }
      _ = unsafe unlink(path)
      held = nil
    }
  }

  private static func isSame(_ file: FileDescriptor, _ path: String) -> Bool {
    var ours = stat()
    var named = stat()
    guard unsafe fstat(file.number, &ours) == 0, unsafe stat(path, &named) == 0 else {
      return false
    }
    return ours.st_ino == named.st_ino && ours.st_dev == named.st_dev
  }
}
