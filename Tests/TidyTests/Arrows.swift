/// Which targets a target may import: the arrows of docs/ARCHITECTURE.md.
enum Arrows {
  static let native: Set<String> = [
    "CLZ4", "CZlib", "CSnappy", "CZstd", "CRE2", "CIntrinsics", "Glibc", "Synchronization",
  ]
  private static let base: Set<String> = ["Synchronization", "Glibc"]
  private static let low: Set<String> = ["ApusModel", "ApusSystem", "ApusTelemetry"]
  private static let nio: Set<String> = [
    "NIOCore", "NIOPosix", "NIOHTTP1", "NIOFoundationCompat", "NIOSSL",
  ]
  private static let parts: Set<String> = [
    "ApusDiscovery", "ApusScrape", "ApusRules", "ApusNotify", "ApusRemote",
  ]
  private static let languages: Set<String> = [
    "ApusConfig", "ApusExposition", "ApusStorage", "ApusPromQLSyntax", "ApusTemplate",
  ]

  static let allowed: [String: Set<String>] = [
    "ApusSystem": native,
    "ApusTelemetry": base.union(["Logging"]),
    "ApusModel": base.union(["ApusSystem"]),
    "ApusConfig": base.union(["ApusModel", "ApusSystem", "Yams", "Foundation"]),
    "ApusExposition": base.union(["ApusModel", "ApusSystem"]),
    "ApusStorage": base.union(["ApusModel"]),
    "ApusPromQLSyntax": base.union(["ApusModel", "ApusSystem"]),
    "ApusTemplate": base.union(["ApusModel", "ApusSystem"]),
    "ApusHTTP": base.union(nio).union(
      ["ApusConfig", "ApusSystem", "ApusTelemetry", "AsyncHTTPClient", "Crypto", "Foundation"]
        + ["Logging"]),
    "ApusTSDB": base.union(low).union(["ApusStorage", "CIntrinsics"]),
    "ApusPromQL": base.union(low).union(["ApusStorage", "ApusPromQLSyntax"]),
    "ApusDiscovery": base.union(low).union(["ApusHTTP", "ApusConfig", "NIOCore", "NIOPosix"]),
    "ApusScrape": base.union(low).union(
      ["ApusHTTP", "ApusExposition", "ApusConfig", "ApusStorage"]),
    "ApusRules": base.union(low).union(
      ["ApusPromQL", "ApusPromQLSyntax", "ApusTemplate", "ApusConfig", "ApusStorage"]),
    "ApusNotify": base.union(low).union(["ApusHTTP", "ApusConfig"]),
    "ApusRemote": base.union(low).union(["ApusHTTP", "ApusConfig", "ApusStorage"]),
    "ApusWeb": base.union(low).union(parts).union(languages).union(nio)
      .union(["ApusPromQL", "ApusHTTP", "Logging", "NIOTLS"]),
    "ApusServer": base.union(low).union(parts).union(languages)
      .union([
        "ApusPromQL", "ApusTSDB", "ApusHTTP", "ApusWeb", "ServiceLifecycle", "UnixSignals",
        "Logging",
      ]),
    "apus": ["ApusServer", "ApusSystem", "Glibc"],
    "apustool": base.union(low).union(languages).union([
      "ApusTSDB", "ApusPromQL", "ApusRules", "ApusScrape", "ApusDiscovery", "ApusHTTP",
      "ArgumentParser", "Foundation",
    ]),
    "ApusTesting": base.union(low).union(nio).union([
      "ApusHTTP", "ApusPromQL", "ApusPromQLSyntax", "ApusConfig", "ApusStorage",
    ]),
  ]

  static func check(_ file: SourceFile) -> [Finding] {
    guard file.isSource, let allowed = allowed[file.target] else { return [] }
    return file.lines.enumerated().compactMap { i, line in
      guard let name = importedModule(line), !allowed.contains(name) else { return nil }
      return Finding(
        path: file.path, line: i + 1,
        text: "\(file.target) may not import \(name): the arrows go the other way"
          + " (docs/ARCHITECTURE.md)")
    }
  }

  /// `package import ApusModel` -> ApusModel; nil for any other line.
  static func importedModule(_ line: String) -> String? {
    // What is indented is no import but text, such as the scripts of the pages.
    guard line.first != " " else { return nil }
    let words = line.split(separator: " ")
    guard let at = words.firstIndex(of: "import"), at + 1 < words.count else { return nil }
    let before: Set<Substring> = [
      "package", "internal", "private", "fileprivate", "@preconcurrency",
    ]
    guard words[..<at].allSatisfy({ before.contains($0) || $0.hasPrefix("@") }) else { return nil }
    let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "var", "let"]
    let name = kinds.contains(words[at + 1]) && at + 2 < words.count ? words[at + 2] : words[at + 1]
    return String(name.prefix { $0 != "." })
  }
}
