/// Why bytes were not expanded.
package enum CodecError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Not the codec's format, or cut short.
  case corrupt(codec: String, reason: String)
  /// More than the caller is ready to take.
  case tooLarge(codec: String, limitBytes: Int)

  package var description: String {
    switch self {
    case .corrupt(let codec, let reason): "\(codec): corrupt input: \(reason)"
    case .tooLarge(let codec, let limitBytes):
      "\(codec): expands to more than \(limitBytes) bytes"
    }
  }
}
