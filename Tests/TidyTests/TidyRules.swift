import Foundation

/// What is wrong at a line, and what to write instead.
struct Finding: CustomStringConvertible {
  let path: String
  let line: Int
  let text: String

  var description: String { "\(path):\(line): \(text)" }
}

/// The style as checks. Each takes a file and gives what it found.
enum TidyRules {
  static let fileLinesMax = 500
  static let functionLinesMax = 70
  static let columnsMax = 100

  /// Files that may hold unsafe code, each a small type that hides a pointer or a system call.
  static let unsafeFiles: Set<String> = [
    "ByteReader", "ByteWriter", "ByteSlice", "CRC32C", "XXHash64", "MappedRegion",
    "PosixFileSystem", "PosixError", "DirectoryLock", "RE2Pattern", "Snappy", "Zstd", "LZ4", "Gzip",
    "Arena", "PagedArray", "BlockingThread", "DeepStack", "Handoff", "WorkerPool",
    "SystemWallClock",
    "BitReader", "BitWriter", "LogSetup", "StandardStreams",
    "WorkingDirectory", "ProcessEnvironment", "CivilTime",
  ]

  /// What is not used, and what is used in its place.
  static let banned: [(word: String, instead: String)] = [
    ("print(", "the Log given at init"),
    ("Date()", "the WallClock given at init"),
    ("FileManager", "the FileSystem given at init"),
    ("DispatchQueue", "BlockingThread or WorkerPool"),
    ("Task.detached", "a task that someone owns"),
    ("try!", "a thrown error"),
    ("as!", "a checked cast"),
  ]

  static func all(_ file: SourceFile) -> [Finding] {
    lengths(file) + functions(file) + words(file) + unsafe(file) + sendable(file)
  }

  static func lengths(_ file: SourceFile) -> [Finding] {
    var found: [Finding] = []
    let count = file.lines.count - (file.lines.last == "" ? 1 : 0)
    if count > fileLinesMax {
      found.append(
        Finding(
          path: file.path, line: count,
          text: "\(count) lines, \(fileLinesMax) at most: split the file by idea"))
    }
    for (i, line) in file.lines.enumerated() where line.count > columnsMax {
      found.append(
        Finding(
          path: file.path, line: i + 1,
          text: "\(line.count) columns, \(columnsMax) at most: break the line"))
    }
    return found
  }

  /// Functions over the limit. A function ends at the closing brace of its own indentation.
  static func functions(_ file: SourceFile) -> [Finding] {
    var found: [Finding] = []
    var open: (line: Int, indent: String)?
    for (i, line) in file.lines.enumerated() {
      if open == nil, opensFunction(line) {
        open = (i, String(line.prefix { $0 == " " }))
      }
      guard let start = open else { continue }
      let ends = line == start.indent + "}" || (i == start.line && line.hasSuffix("}"))
      guard ends else { continue }
      if i - start.line + 1 > functionLinesMax {
        found.append(
          Finding(
            path: file.path, line: start.line + 1,
            text: "function of \(i - start.line + 1) lines, \(functionLinesMax) at most:"
              + " name its parts"))
      }
      open = nil
    }
    return found
  }

  private static let modifiers: Set<Substring> = [
    "package", "private", "fileprivate", "internal", "static", "mutating", "final", "override",
    "nonisolated", "consuming", "borrowing", "convenience", "required", "class",
  ]

  private static func opensFunction(_ line: String) -> Bool {
    var words = line.split(separator: " ")[...]
    while let first = words.first, first.hasPrefix("@") || modifiers.contains(first) {
      words = words.dropFirst()
    }
    guard let first = words.first else { return false }
    return first == "func" || first.hasPrefix("init(") || first.hasPrefix("init<")
      || first == "deinit"
  }

  static func words(_ file: SourceFile) -> [Finding] {
    var found: [Finding] = []
    for (i, line) in file.lines.enumerated() {
      func say(_ text: String) {
        found.append(Finding(path: file.path, line: i + 1, text: text))
      }
      if file.target != "TidyTests" {
        for mark in ["TODO", "FIXME"] where line.contains(mark) {
          say("\(mark): do it now, or say in an issue that it is missing")
        }
      }
      guard file.isSource else { continue }
      let code = withoutComment(line)
      if hasWord("public", in: code) { say("public: `package` is the widest access here") }
      for (word, instead) in banned where hasWord(word, in: code) {
        if word == "print(" && file.target == "apustool" { continue }
        say("\(word) is banned, use \(instead)")
      }
    }
    return found
  }

  static func unsafe(_ file: SourceFile) -> [Finding] {
    guard file.isSource, !unsafeFiles.contains(file.stem) else { return [] }
    return file.lines.enumerated().compactMap { i, line in
      let code = withoutComment(line)
      guard
        hasWord("unsafe", in: code) || code.contains("UnsafeMutable")
          || code.contains("UnsafePointer") || code.contains("UnsafeRaw")
          || code.contains("UnsafeBuffer")
      else { return nil }
      return Finding(
        path: file.path, line: i + 1,
        text: "unsafe code belongs in one of the files listed in TidyRules.unsafeFiles")
    }
  }

  static func sendable(_ file: SourceFile) -> [Finding] {
    guard file.isSource else { return [] }
    return file.lines.enumerated().compactMap { i, line in
      guard withoutComment(line).contains("@unchecked Sendable") else { return nil }
      let after = file.lines[i..<min(i + 4, file.lines.count)]
      if after.contains(where: { $0.contains("Sound because") }) { return nil }
      return Finding(
        path: file.path, line: i + 1,
        text: "@unchecked Sendable needs a line `// Sound because ...` right below")
    }
  }

  /// The line up to `//`, and without the text of string literals.
  static func withoutComment(_ line: String) -> String {
    var out = ""
    var inString = false
    var previous: Character = " "
    for character in line {
      if inString {
        if character == "\"" && previous != "\\" { inString = false }
      } else if character == "\"" {
        inString = true
      } else if character == "/" && previous == "/" {
        return String(out.dropLast())
      } else {
        out.append(character)
      }
      previous = character
    }
    return out
  }

  /// Whether a word stands in a line on its own, not as part of a longer name.
  static func hasWord(_ word: String, in line: String) -> Bool {
    var rest = line[...]
    while let range = rest.range(of: word) {
      let before = line[..<range.lowerBound].last
      let after = line[range.upperBound...].first
      let isStart = !(before.map { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." } ?? false)
      let endsOpen = word.last.map { !$0.isLetter } ?? false
      let isEnd = endsOpen || !(after.map { $0.isLetter || $0.isNumber || $0 == "_" } ?? false)
      if isStart && isEnd { return true }
      rest = rest[range.upperBound...]
    }
    return false
  }
}
