package import ApusSystem

/// File names with `*`, `?` and `[a-z]`, as Go's `filepath.Glob` expands them.
package enum Glob {
  /// The paths that exist and match, in order of name. A pattern without wildcards stands for
  /// itself if it exists. A directory that cannot be read holds nothing.
  package static func expand(_ pattern: String, files: any FileSystem) -> [String] {
    guard hasWildcards(pattern) else { return files.exists(pattern) ? [pattern] : [] }
    let directory = ConfigPath.parent(of: pattern)
    let hasSlash = pattern.utf8.contains(UInt8(ascii: "/"))
    let name = hasSlash ? String(pattern.split(separator: "/").last ?? "") : pattern
    let directories =
      hasWildcards(directory) ? expand(directory, files: files) : [directory]
    var paths: [String] = []
    for directory in directories {
      let prefix = hasSlash ? (directory == "/" ? "/" : directory + "/") : ""
      for entry in (try? files.list(directory)) ?? [] where matches(entry, name) {
        paths.append(prefix + entry)
      }
    }
    return paths
  }

  package static func hasWildcards(_ pattern: String) -> Bool {
    pattern.utf8.contains { "*?[\\".utf8.contains($0) }
  }

  /// Whether one path element matches a pattern; nothing matches a malformed one.
  package static func matches(_ name: String, _ pattern: String) -> Bool {
    let name = Array(name.unicodeScalars)
    let pattern = Array(pattern.unicodeScalars)
    var at = 0
    var p = 0
    var star: (pattern: Int, name: Int)?
    while at < name.count {
      if p < pattern.count, pattern[p] == "*" {
        star = (p, at)
        p += 1
      } else if let next = step(pattern, p, name[at]) {
        p = next
        at += 1
      } else if let last = star {
        star = (last.pattern, last.name + 1)
        p = last.pattern + 1
        at = last.name + 1
      } else {
        return false
      }
    }
    while p < pattern.count, pattern[p] == "*" { p += 1 }
    return p == pattern.count
  }

  /// The position behind the pattern element that takes one character; nil if it does not.
  private static func step(
    _ pattern: [Unicode.Scalar], _ start: Int, _ wanted: Unicode.Scalar
  ) -> Int? {
    guard start < pattern.count else { return nil }
    switch pattern[start] {
    case "?": return start + 1
    case "\\":
      guard start + 1 < pattern.count else { return nil }
      return pattern[start + 1] == wanted ? start + 2 : nil
    case "[": return set(pattern, start + 1, wanted)
    default: return pattern[start] == wanted ? start + 1 : nil
    }
  }

  /// `[abc]`, `[a-z]`, `[^a]`
  private static func set(
    _ pattern: [Unicode.Scalar], _ start: Int, _ wanted: Unicode.Scalar
  ) -> Int? {
    var p = start
    let isNegated = p < pattern.count && pattern[p] == "^"
    if isNegated { p += 1 }
    var isIn = false
    var count = 0
    while p < pattern.count, pattern[p] != "]" || count == 0 {
      guard let low = member(pattern, &p) else { return nil }
      var high = low
      if p + 1 < pattern.count, pattern[p] == "-", pattern[p + 1] != "]" {
        p += 1
        guard let end = member(pattern, &p) else { return nil }
        high = end
      }
      if low <= wanted && wanted <= high { isIn = true }
      count += 1
    }
    guard p < pattern.count else { return nil }
    return isIn != isNegated ? p + 1 : nil
  }

  private static func member(_ pattern: [Unicode.Scalar], _ p: inout Int) -> Unicode.Scalar? {
    if pattern[p] == "\\" { p += 1 }
    guard p < pattern.count else { return nil }
    p += 1
    return pattern[p - 1]
  }
}
