/// Why a store could not answer or keep something. The text says what, where and what to do.
package struct StorageError: Error, Sendable, CustomStringConvertible {
  package enum Reason: Sendable, Equatable {
    /// Bytes on disk are not what they should be.
    case corrupt
    /// The system refused: disk full, no permission, file gone.
    case system
    /// The store is closing or not open yet.
    case closed
    /// What was given cannot be stored by anybody.
    case invalid
    /// The operation is switched off.
    case disabled
    /// The caller was cancelled.
    case cancelled
  }

  package let reason: Reason
  package let description: String

  package init(_ reason: Reason, _ description: String) {
    self.reason = reason
    self.description = description
  }
}
