internal import ApusModel
internal import ApusSystem

/// Two lists of alerts as one JSON text in which the differences stand out: green is what only the
/// second has, red what only the first has, yellow `expected => received`.
struct AlertDiff {
  private let expected: [ShownAlert]
  private let received: [ShownAlert]

  private static let green = "\u{1B}[0;32m"
  private static let red = "\u{1B}[0;31m"
  private static let yellow = "\u{1B}[0;33m"
  private static let plain = "\u{1B}[0m"

  init(_ expected: [ShownAlert], _ received: [ShownAlert]) {
    // An empty list is shown as one alert without anything.
    let nothing = [ShownAlert(labels: .empty, annotations: .empty)]
    self.expected = expected.isEmpty ? nothing : expected
    self.received = received.isEmpty ? nothing : received
  }

  /// - Parameter indent: of all lines but the first.
  func text(indent: String) -> String {
    var lines = ["["]
    for index in 0..<max(expected.count, received.count) {
      let old = index < expected.count ? expected[index] : nil
      let new = index < received.count ? received[index] : nil
      let color = old == nil ? Self.green : new == nil ? Self.red : nil
      lines.append(painted("    {", color))
      lines += object("Labels", old?.labels, new?.labels, color, comma: true)
      lines += object("Annotations", old?.annotations, new?.annotations, color, comma: false)
      let isLast = index + 1 == max(expected.count, received.count)
      lines.append(painted("    }" + (isLast ? "" : ","), color))
    }
    lines.append("]")
    return lines.joined(separator: "\n\(indent)")
  }

  private func object(
    _ title: String, _ old: Labels?, _ new: Labels?, _ color: String?, comma: Bool
  ) -> [String] {
    let (old, new) = (pairs(old), pairs(new))
    let names = Set(old.keys).union(new.keys).sorted()
    let end = comma ? "," : ""
    if names.isEmpty {
      return [painted("        \(JSONText.quoted(title)): {}\(end)", color)]
    }
    let lines = names.enumerated().map { index, name in
      let rest = index + 1 < names.count ? "," : ""
      let key = "            \(JSONText.quoted(name)): "
      switch (old[name], new[name]) {
      case (let a?, let b?) where a == b: return key + JSONText.quoted(a) + rest
      case (let a?, let b?):
        return key + Self.yellow + "\(JSONText.quoted(a)) => \(JSONText.quoted(b))" + Self.plain
          + rest
      case (let a?, nil): return painted(key + JSONText.quoted(a) + rest, color ?? Self.red)
      case (nil, let b): return painted(key + JSONText.quoted(b ?? "") + rest, color ?? Self.green)
      }
    }
    return [painted("        \(JSONText.quoted(title)): {", color)] + lines
      + [painted("        }\(end)", color)]
  }

  private func pairs(_ labels: Labels?) -> [String: String] {
    Dictionary((labels ?? .empty).map { ($0.name, $0.value) }) { first, _ in first }
  }

  private func painted(_ line: String, _ color: String?) -> String {
    color.map { $0 + line + Self.plain } ?? line
  }
}
