internal import Glibc

/// Where relative paths begin.
package enum WorkingDirectory {
  /// "." where the system does not tell.
  package static var path: String {
    guard let text = unsafe getcwd(nil, 0) else { return "." }
    defer { unsafe free(text) }
    return unsafe String(cString: text)
  }
}
