internal import Glibc

/// The environment variables of the process.
package enum ProcessEnvironment {
  /// Nil where the variable is not set.
  @Sendable package static func value(_ name: String) -> String? {
    guard let text = unsafe getenv(name) else { return nil }
    return unsafe String(cString: text)
  }
}
