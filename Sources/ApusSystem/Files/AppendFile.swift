/// A file that grows: it knows its length and syncs when told.
///
/// One caller appends and closes at a time; `sync` may run beside them, on another thread.
package protocol AppendFile: AnyObject, Sendable {
  var path: String { get }

  /// Bytes appended so far, with those that were there before.
  var lengthBytes: Int { get }

  /// Appends all bytes; they survive the end of the process, not that of the machine.
  /// - Throws: `PosixError`; the file is then as long as `lengthBytes` says.
  func append(_ bytes: Span<UInt8>) throws(PosixError)

  /// Appends a first and then a second piece in one step.
  func append(_ first: Span<UInt8>, _ second: Span<UInt8>) throws(PosixError)

  /// Appends zeros.
  func appendZeros(_ count: Int) throws(PosixError)

  /// Writes over bytes that were appended before.
  /// - Throws: `PosixError`; `EINVAL` where they would reach behind `lengthBytes`.
  func overwrite(_ bytes: Span<UInt8>, at offset: Int) throws(PosixError)

  /// Returns when the bytes appended before the call are durable. Works on a closed file, too.
  func sync() throws(PosixError)

  /// Cuts what was allocated and not used; nothing can be appended afterwards. Does not sync.
  /// Closing twice is fine.
  func close() throws(PosixError)
}
