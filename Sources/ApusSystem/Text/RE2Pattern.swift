internal import CRE2

/// Why a regular expression does not compile.
package struct RegexError: Error, Sendable, Equatable, CustomStringConvertible {
  /// In Go's words where they are known: `error parsing regexp: ...`.
  package let message: String

  package init(message: String) { self.message = message }

  package var description: String { message }
}

/// A compiled RE2 pattern; `.` matches a newline too, as in Prometheus.
@safe
package final class RE2Pattern: @unchecked Sendable {
  // Sound because RE2 objects are immutable after construction and safe for concurrent use.
  private let handle: OpaquePointer

  package let source: String

  /// - Throws: `RegexError` with a message in Go's form.
  package init(_ source: String) throws(RegexError) {
    self.source = source
    var text = source
    var message = [CChar](repeating: 0, count: 256)
    let made = text.withUTF8 { bytes in
      unsafe message.withUnsafeMutableBufferPointer { buffer in
        unsafe bytes.withMemoryRebound(to: CChar.self) { chars in
          unsafe apus_re2_compile(
            chars.baseAddress, chars.count, buffer.baseAddress, buffer.count)
        }
      }
    }
    guard let made = unsafe made else {
      let end = message.firstIndex(of: 0) ?? message.count
      let reason = String(decoding: message[..<end].map { UInt8(bitPattern: $0) }, as: UTF8.self)
      throw RegexError(message: GoRegexErrors.text(reason))
    }
    unsafe handle = made
  }

  deinit { unsafe apus_re2_free(handle) }

  /// Number of capturing groups, without group 0.
  package var groupCount: Int { Int(unsafe apus_re2_groups(handle)) }

  /// Number of a named group; nil if there is none.
  package func groupNumber(named name: String) -> Int? {
    var name = name
    let number = name.withUTF8 { bytes in
      unsafe bytes.withMemoryRebound(to: CChar.self) { chars in
        unsafe apus_re2_group_number(handle, chars.baseAddress, chars.count)
      }
    }
    return number < 0 ? nil : Int(number)
  }

  package func fullyMatches(_ text: Span<UInt8>) -> Bool {
    unsafe text.withUnsafeBytes { raw in
      let chars = unsafe raw.bindMemory(to: CChar.self)
      return unsafe apus_re2_full_match(handle, chars.baseAddress, chars.count) == 1
    }
  }

  package func fullyMatches(_ text: String) -> Bool { fullyMatches(text.utf8.span) }

  /// Byte ranges of the whole match and of each group, for a match of the whole text; nil where
  /// it does not match. A group that took no part is nil.
  package func groupsOfFullMatch(_ text: Span<UInt8>) -> [Range<Int>?]? {
    groups(text, start: 0, anchored: true)
  }

  /// The same for the leftmost match at or after `start`.
  package func groupsOfFirstMatch(_ text: Span<UInt8>, start: Int) -> [Range<Int>?]? {
    groups(text, start: start, anchored: false)
  }

  private func groups(_ text: Span<UInt8>, start: Int, anchored: Bool) -> [Range<Int>?]? {
    let count = groupCount + 1
    var spans = [Int](repeating: -1, count: count * 2)
    let matched = unsafe spans.withUnsafeMutableBufferPointer { out in
      unsafe text.withUnsafeBytes { raw in
        let chars = unsafe raw.bindMemory(to: CChar.self)
        return unsafe apus_re2_match(
          handle, chars.baseAddress, chars.count, start, anchored ? 1 : 0, out.baseAddress,
          Int32(count))
      }
    }
    guard matched == 1 else { return nil }
    return (0..<count).map { spans[2 * $0] < 0 ? nil : spans[2 * $0]..<spans[2 * $0 + 1] }
  }
}
