internal import Glibc

/// What a command-line program says, on its own standard output and error.
package enum StandardStreams {
  package static func writeOutput(_ text: String) { write(text, to: 1) }

  package static func writeError(_ text: String) { write(text, to: 2) }

  /// Whole, also where the system takes a part at a time; what nobody reads is dropped.
  private static func write(_ text: String, to descriptor: Int32) {
    let bytes = Array(text.utf8)
    var done = 0
    while done < bytes.count {
      let n = unsafe bytes.withUnsafeBytes { raw in
        unsafe Glibc.write(descriptor, raw.baseAddress?.advanced(by: done), raw.count - done)
      }
      if n < 0 && errno == EINTR { continue }
      guard n > 0 else { return }
      done += n
    }
  }
}
