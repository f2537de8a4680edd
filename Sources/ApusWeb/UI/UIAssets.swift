internal import ApusSystem

/// The files that the pages load; part of the program, so that nothing else needs to be there.
enum UIAssets {
  struct Asset: Sendable {
    let type: String
    let text: String
  }

  static let all: [String: Asset] = [
    "style.css": Asset(type: "text/css; charset=utf-8", text: style),
    "core.js": script(core),
    "query.js": script(query),
    "result.js": script(result),
    "graph.js": script(graph),
    "explain.js": script(explain),
    "targets.js": script(targets),
    "rules.js": script(rules),
    "status.js": script(status),
  ]

  private static func script(_ text: String) -> Asset {
    Asset(type: "text/javascript; charset=utf-8", text: text)
  }

  /// Changes with any of the files.
  static let version: String = {
    let texts = all.sorted { $0.key < $1.key }.map(\.value.text)
    return String(XXHash64.hash(texts.joined()), radix: 36)
  }()

  /// A swift: Apus apus.
  static let icon = #"""
    <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
    <rect width="32" height="32" rx="7" fill="#e6522c"/>
    <path d="M4 9c5 0 9 3 11 6 2-4 6-8 13-9-4 3-7 7-8 11 2 2 3 4 3 7-2-3-4-4-6-4-5-1-10-5-13-11z"
    fill="#fff"/></svg>
    """#
}
