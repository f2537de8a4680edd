internal import ApusModel
internal import ApusSystem

/// What the readers of all sections share: where errors go, what paths are relative to.
struct SectionReader {
  let errors: ErrorList
  /// Of the file that is read.
  let directory: String

  func fail(_ line: Int, _ text: String, suggestion: String = "") {
    errors.add(.value, line: line, text, suggestion: suggestion)
  }

  func fail(at place: Record.Place, _ text: String, toolPlace: String? = nil) {
    errors.add(.value, line: place.line, column: place.column, text, toolPlace: toolPlace)
  }

  /// A path of the file, as it is for our process; empty stays empty.
  func path(_ record: Record, _ name: String) -> String {
    let path = ConfigPath.join(directory, record.string(name))
    if record.has(name) { record.set(name, .string(path)) }
    return path
  }

  /// A list of paths or globs.
  func paths(_ record: Record, _ name: String) -> [String] {
    let paths = record.strings(name).map { ConfigPath.join(directory, $0) }
    if record.has(name) { record.set(name, .strings(paths)) }
    return paths
  }

  /// A count that fits our integers.
  func count(_ record: Record, _ name: String) -> Int { Int(clamping: record.uint(name)) }

  /// Label pairs in order of name, each name checked.
  func labels(
    _ record: Record, _ name: String, validation: NameValidation
  ) -> [Label] {
    let entries = record.stringMap(name).sorted { precedes($0.key, $1.key) }
    for entry in entries where !isLabelName(entry.key, validation) {
      fail(entry.line, "\(GoQuote.quote(entry.key)) is not a valid label name")
    }
    return entries.map { Label($0.key, $0.value) }
  }

  func isLabelName(_ name: String, _ validation: NameValidation) -> Bool {
    switch validation {
    case .utf8: LabelNames.isValid(name)
    case .legacy: LabelNames.isLegacyValid(name)
    }
  }

  /// Order of bytes, as Go sorts strings.
  func precedes(_ a: String, _ b: String) -> Bool {
    compareBytes(a.utf8.span, b.utf8.span) < 0
  }
}

/// Paths of a configuration file.
package enum ConfigPath {
  /// A path relative to a directory, without `.` and `..` where they can be resolved. Absolute
  /// paths and the empty one stay as they are.
  package static func join(_ directory: String, _ path: String) -> String {
    if path.isEmpty || path.utf8.first == UInt8(ascii: "/") { return path }
    return clean(directory.isEmpty ? path : "\(directory)/\(path)")
  }

  private static func clean(_ path: String) -> String {
    let isAbsolute = path.utf8.first == UInt8(ascii: "/")
    var parts: [Substring] = []
    for part in path.split(separator: "/") where part != "." {
      if part == ".." && !parts.isEmpty && parts.last != ".." {
        parts.removeLast()
      } else if part != ".." || !isAbsolute {
        parts.append(part)
      }
    }
    let joined = parts.joined(separator: "/")
    if isAbsolute { return "/" + joined }
    return joined.isEmpty ? "." : joined
  }

  package static func parent(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}
