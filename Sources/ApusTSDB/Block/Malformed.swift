package import ApusStorage
package import ApusSystem

/// What is wrong with some bytes, before it is known which file they are from.
struct Malformed: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

extension StorageError {
  /// A file operation that failed while doing `what`.
  package static func files(_ error: PosixError, _ what: String) -> StorageError {
    StorageError(.system, "\(what): \(error)")
  }
}

/// Runs file operations; their errors become storage errors that say what was being done.
func withFiles<Result: ~Copyable>(
  _ what: @autoclosure () -> String, _ body: () throws(PosixError) -> Result
) throws(StorageError) -> Result {
  do throws(PosixError) { return try body() } catch { throw .files(error, what()) }
}
