/// Gives keys that stand twice in a mapping names of their own, so that the rest of the file can
/// still be read and every error be told at once.
struct DuplicateKeys {
  private var count = 0
  /// A character of the private use area between the key and its number.
  private static let marker: Character = "\u{F8F0}"

  /// The text with the second of two equal keys renamed; nil if it cannot be found, which is so
  /// only in flow mappings.
  mutating func rename(_ keys: [String], in text: String, firstLine: Int) -> String? {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard firstLine >= 1, firstLine <= lines.count else { return nil }
    for key in keys {
      let spellings = [key, "\"\(key)\"", "'\(key)'"]
      guard let column = column(of: spellings, in: lines[firstLine - 1]) else { continue }
      for at in firstLine..<lines.count {
        let line = lines[at]
        let content = line.drop { $0 == " " }
        if content.isEmpty || content.first == "#" || content.first == "\r" { continue }
        let indentation = line.utf8.count - content.utf8.count
        if indentation < column { break }
        guard indentation == column,
          let spelling = spellings.first(where: { isKey($0, at: content) })
        else { continue }
        count += 1
        let rest = content.dropFirst(spelling.count)
        lines[at] = line.prefix(column) + "\"\(key)\(Self.marker)\(count)\"" + rest
        return lines.joined(separator: "\n")
      }
    }
    return nil
  }

  /// The key as written, and whether it is one that was renamed.
  static func original(of key: String) -> (String, Bool) {
    guard let at = key.lastIndex(of: marker) else { return (key, false) }
    return (String(key[..<at]), true)
  }

  /// The bytes before a key that begins a mapping on this line, behind any `- `.
  private func column(of spellings: [String], in line: Substring) -> Int? {
    var rest = line
    while let first = rest.first, first == " " || first == "-" {
      if isAnyKey(spellings, at: rest) { break }
      rest = rest.dropFirst()
    }
    return isAnyKey(spellings, at: rest) ? line.utf8.count - rest.utf8.count : nil
  }

  private func isAnyKey(_ spellings: [String], at text: Substring) -> Bool {
    spellings.contains { isKey($0, at: text) }
  }

  private func isKey(_ spelling: String, at text: Substring) -> Bool {
    guard text.hasPrefix(spelling) else { return false }
    let rest = text.dropFirst(spelling.count).drop { $0 == " " }
    guard rest.first == ":" else { return false }
    let next = rest.dropFirst().first
    return next == nil || next == " " || next == "\r" || next == "\t"
  }
}
