/// `--help`, grouped by what flags are about.
enum FlagHelp {
  static let usage = "usage: apus [<flags>]"

  static var text: String {
    var out = usage + "\n\nThe Apus time-series engine: scrape, store, query, alert.\n"
    let groups: [(String, [FlagSpec])] = [
      ("General", FlagTable.general), ("Web", FlagTable.web), ("Storage", FlagTable.storage),
      ("Rules and alerts", FlagTable.rules), ("Queries", FlagTable.query),
      ("Agent", FlagTable.agent),
    ]
    out += "\n  -h, --help\n      This text.\n  --version\n      The version.\n"
    for (title, specs) in groups {
      out += "\n\(title):\n"
      for spec in specs where !spec.isHidden { out += line(spec) }
    }
    return out
  }

  private static func line(_ spec: FlagSpec) -> String {
    if case .bool = spec.kind {
      return "  --[no-]\(spec.name)\n      \(spec.help)\n"
    }
    let value = spec.preset.isEmpty ? "=..." : "=\(spec.preset)"
    return "  --\(spec.name)\(value)\n      \(spec.help)\n"
  }
}
