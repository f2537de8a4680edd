/// Paths with empty, `.` or `..` parts are sent to the path that they mean.
///
/// Behaviour: Go, net/http, ServeMux.
enum CleanPath {
  /// Where to go instead; nil for a path that is clean.
  static func redirect(_ path: String) -> String? {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    // One empty part stands before the first slash, one may stand behind the last.
    let isClean = parts.indices.allSatisfy { i in
      let part = parts[i]
      return part != "." && part != ".." && (!part.isEmpty || i == 0 || i == parts.count - 1)
    }
    if isClean && path.hasPrefix("/") { return nil }
    var kept: [Substring] = []
    for part in parts {
      switch part {
      case "", ".": continue
      case "..": _ = kept.popLast()
      default: kept.append(part)
      }
    }
    let end = path.hasSuffix("/") && !kept.isEmpty ? "/" : ""
    return "/" + kept.joined(separator: "/") + end
  }
}
