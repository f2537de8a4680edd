internal import ApusModel
internal import ApusSystem

/// `match` and `reReplaceAll`: Go's regexp package, where a dot does not match a newline.
enum RegexText {
  private static let prefix = "(?-s)"

  static func isMatch(_ pattern: String, _ text: String) throws(CallFailure) -> Bool {
    let compiled: RE2Pattern
    do {
      compiled = try RE2Pattern(prefix + pattern)
    } catch {
      throw CallFailure(message(error))
    }
    return compiled.groupsOfFirstMatch(text.utf8.span, start: 0) != nil
  }

  static func replaceAll(
    _ pattern: String, with template: String, in text: String
  ) throws(CallFailure) -> String {
    let compiled: RE2Pattern
    do {
      compiled = try RE2Pattern(prefix + pattern)
    } catch {
      let shown =
        pattern.utf8.contains(UInt8(ascii: "`")) ? GoQuote.quote(pattern) : "`\(pattern)`"
      throw CallFailure("regexp: Compile(\(shown)): \(message(error))")
    }
    return replaced(compiled, Array(template.utf8), Array(text.utf8))
  }

  private static func message(_ error: RegexError) -> String {
    error.message.replacing(prefix, with: "")
  }

  private static func replaced(
    _ pattern: RE2Pattern, _ template: [UInt8], _ text: [UInt8]
  ) -> String {
    var out: [UInt8] = []
    var copied = 0
    var start = 0
    var lastEnd = 0
    while start <= text.count {
      guard let groups = pattern.groupsOfFirstMatch(text.span, start: start),
        let whole = groups[0]
      else { break }
      out += text[copied..<whole.lowerBound]
      // An empty match right behind the last one does not count.
      if whole.upperBound > lastEnd || whole.lowerBound == 0 {
        expand(template, groups, pattern, text, &out)
      }
      lastEnd = whole.upperBound
      copied = whole.upperBound
      start = whole.upperBound
      if whole.isEmpty {
        // Go on behind the next character.
        var next = start + 1
        while next < text.count, text[next] & 0xC0 == 0x80 { next += 1 }
        out += text[start..<min(next, text.count)]
        copied = min(next, text.count)
        start = next
      }
    }
    out += text[min(copied, text.count)...]
    return String(decoding: out, as: UTF8.self)
  }

  /// `$1`, `${1}`, `$name` and `$$`; a name is as long as it can be.
  private static func expand(
    _ template: [UInt8], _ groups: [Range<Int>?], _ pattern: RE2Pattern, _ text: [UInt8],
    _ out: inout [UInt8]
  ) {
    var i = 0
    while i < template.count {
      guard template[i] == UInt8(ascii: "$") else {
        out.append(template[i])
        i += 1
        continue
      }
      if i + 1 < template.count, template[i + 1] == UInt8(ascii: "$") {
        out.append(UInt8(ascii: "$"))
        i += 2
        continue
      }
      guard let (name, end) = reference(template, i + 1) else {
        out.append(UInt8(ascii: "$"))
        i += 1
        continue
      }
      if let number = Int(name) ?? pattern.groupNumber(named: name), number < groups.count,
        let range = groups[number]
      {
        out += text[range]
      }
      i = end
    }
  }

  private static func reference(_ template: [UInt8], _ start: Int) -> (String, Int)? {
    var i = start
    let isBraced = i < template.count && template[i] == UInt8(ascii: "{")
    if isBraced { i += 1 }
    let nameStart = i
    while i < template.count, isWord(template[i]) { i += 1 }
    if i == nameStart { return nil }
    let name = String(decoding: template[nameStart..<i], as: UTF8.self)
    if isBraced {
      guard i < template.count, template[i] == UInt8(ascii: "}") else { return nil }
      i += 1
    }
    return (name, i)
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "_") || (byte >= 48 && byte <= 57)
      || (byte | 0x20 >= 97 && byte | 0x20 <= 122)
  }
}
