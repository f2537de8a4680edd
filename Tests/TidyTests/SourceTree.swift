import Foundation

/// A Swift file of the project, as lines.
struct SourceFile: Sendable {
  /// Relative to the top of the project, such as `Sources/ApusModel/Labels/Labels.swift`.
  let path: String
  let lines: [String]

  /// The file's name without its ending and without `+Aspect`.
  var stem: String {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    return String(name.dropLast(".swift".count).prefix { $0 != "+" })
  }

  /// The target it belongs to.
  var target: String {
    let parts = path.split(separator: "/")
    return parts.count > 1 ? String(parts[1]) : ""
  }

  var isSource: Bool { path.hasPrefix("Sources/") }
}

/// Reads the project's Swift files.
enum SourceTree {
  static let top = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  static func files() throws -> [SourceFile] {
    try ["Sources", "Tests", "Benchmarks"].flatMap { folder -> [SourceFile] in
      let root = top.appendingPathComponent(folder)
      guard let walk = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)
      else { return [] }
      return try walk.compactMap { $0 as? URL }
        .filter { $0.pathExtension == "swift" }
        .map { url in
          let text = try String(contentsOf: url, encoding: .utf8)
          let path = url.path.dropFirst(top.path.count + 1)
          return SourceFile(
            path: String(path),
            lines: text.split(separator: "\n", omittingEmptySubsequences: false)
              .map(String.init))
        }
    }.sorted { $0.path < $1.path }
  }
}
