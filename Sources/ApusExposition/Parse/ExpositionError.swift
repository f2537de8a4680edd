internal import ApusModel

/// Why a scraped body, or an HTTP header about one, was not understood.
///
/// `description` is in Prometheus's words, for it stands on the targets page.
package struct ExpositionError: Error, Sendable, Equatable, CustomStringConvertible {
  package let description: String
  /// The line at which reading stopped, counted from 1; 0 where it is not about a line.
  package let line: Int

  package init(_ description: String, line: Int = 0) {
    self.description = description
    self.line = line
  }
}

/// Go's `%q` of bytes that need not be UTF-8, cut in the middle where they are very long.
func quoted(_ bytes: [UInt8]) -> String {
  guard bytes.count > Limits.excerptBytesMax else { return quotedWhole(bytes) }
  let half = Limits.excerptBytesMax / 2
  return quotedWhole(Array(bytes.prefix(half))) + "..." + quotedWhole(Array(bytes.suffix(half)))
}

private func quotedWhole(_ bytes: [UInt8]) -> String {
  if let text = String(validating: bytes, as: UTF8.self) { return GoQuote.quote(text) }
  var out = "\""
  var rest = bytes[...]
  while let first = rest.first {
    if let length = scalarLength(rest),
      let text = String(validating: rest.prefix(length), as: UTF8.self)
    {
      out += GoQuote.quote(text).dropFirst().dropLast()
      rest = rest.dropFirst(length)
    } else {
      let digits = String(first, radix: 16)
      out += "\\x" + (digits.utf8.count < 2 ? "0" : "") + digits
      rest = rest.dropFirst()
    }
  }
  return out + "\""
}

/// The number of bytes that make the first scalar; nil where they are not UTF-8.
private func scalarLength(_ bytes: ArraySlice<UInt8>) -> Int? {
  for length in 1...min(4, bytes.count)
  where String(validating: bytes.prefix(length), as: UTF8.self) != nil {
    return length
  }
  return nil
}
