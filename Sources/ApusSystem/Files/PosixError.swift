internal import Glibc

/// A system call that failed: which, on what, why, and what to do.
package struct PosixError: Error, Sendable, Equatable {
  /// Name of the operation in Go's words, such as `open` or `mkdir`.
  package let call: String
  /// Empty where the operation's name says it all.
  package let path: String
  /// errno.
  package let code: Int32

  package init(call: String, path: String, code: Int32) {
    self.call = call
    self.path = path
    self.code = code
  }

  /// The error that errno names now.
  package init(call: String, path: String) {
    self.init(call: call, path: path, code: errno)
  }

  /// The system's text, as Go prints it: `no such file or directory`.
  package var reason: String {
    var buffer = [CChar](repeating: 0, count: 128)
    _ = unsafe apusReason(code, &buffer)
    let end = buffer.firstIndex(of: 0) ?? buffer.count
    let text = String(decoding: buffer[..<end].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return text.prefix(1).lowercased() + text.dropFirst()
  }

  /// Prometheus's words for taking the lock of a data directory.
  package static let lockCall = "lock DB directory"

  /// What can be done about it, where that is known.
  package var remedy: String? {
    switch code {
    case ENOSPC, EDQUOT: "free some space on the volume, or keep less data"
    case EROFS: "the file system is read-only: remount it, or choose another directory"
    case EMFILE: "raise the limit of open files (ulimit -n)"
    case ENFILE: "raise the system's limit of open files (fs.file-max)"
    case ENOMEM: "free some memory, or raise vm.max_map_count"
    case EACCES, EPERM: "check owner and permissions for the user of this process"
    case EIO: "the device failed: look at the kernel's log"
    case EAGAIN where call == Self.lockCall:
      "another process uses it: stop that one, or choose another directory"
    default: nil
    }
  }

  package var isNotFound: Bool { code == ENOENT }
  package var isExisting: Bool { code == EEXIST }
  package var isNoSpace: Bool { code == ENOSPC || code == EDQUOT }

  /// Repeats a call that a signal interrupted. The call returns -1 and sets errno on failure.
  @inline(__always)
  package static func check<T: SignedInteger>(
    _ call: String, _ path: String, _ body: () -> T
  ) throws(PosixError) -> T {
    while true {
      let result = body()
      if result != -1 { return result }
      if errno == EINTR { continue }
      throw PosixError(call: call, path: path)
    }
  }
}

extension PosixError: CustomStringConvertible {
  /// `open /data/wal: no space left on device (free some space ...)`
  package var description: String {
    (path.isEmpty ? call : "\(call) \(path)") + ": \(reason)" + (remedy.map { " (\($0))" } ?? "")
  }
}

private func apusReason(_ code: Int32, _ buffer: UnsafeMutablePointer<CChar>) -> Int32 {
  unsafe strerror_r(code, buffer, 128)
}
