internal import ApusModel

/// The values of all flags.
package struct Flags: Sendable {
  private let given: [String: [String]]

  init(_ parser: FlagParser) { given = parser.given }

  func text(_ name: String) -> String { list(name).joined(separator: ",") }

  /// All values of a repeated flag; the default where none was given.
  func list(_ name: String) -> [String] {
    if let values = given[name] { return values }
    let preset = FlagTable.spec(named: name)?.preset ?? ""
    return preset.isEmpty ? [] : [preset]
  }

  func bool(_ name: String) -> Bool { text(name) == "true" }

  /// Milliseconds; nil where the flag was not given and has no default.
  func durationMs(_ name: String) -> Int64? { try? DurationText.parse(text(name)) }

  func bytes(_ name: String) -> Int64? { try? ByteSizeText.parse(text(name)) }

  /// A whole number, such as `50000000` or `5e7`; what no integer holds becomes the largest one.
  func count(_ name: String) -> Int {
    let number = (Double(text(name)) ?? 0).rounded(.towardZero)
    return Int(exactly: number) ?? (number > 0 ? .max : 0)
  }

  func isGiven(_ name: String) -> Bool { given[name] != nil }

  /// Name and value of every flag, as the flags page shows them.
  var shown: [(name: String, value: String)] {
    FlagTable.all.sorted { $0.name < $1.name }.map { (name: $0.name, value: text($0.name)) }
  }

  /// Flags given that do not fit the mode, in the words of the refusal; nil if all fit.
  var refusal: String? {
    let isAgent = bool("agent")
    let wrong = FlagTable.all.filter { spec in
      isGiven(spec.name) && (isAgent ? spec.mode == .server : spec.mode == .agent)
    }
    guard !wrong.isEmpty else { return nil }
    let names = wrong.map { "\"--\($0.name)\"" }.joined(separator: " ")
    return isAgent
      ? "The following flag(s) can not be used in agent mode: [\(names)]"
      : "The following flag(s) can only be used in agent mode: [\(names)]"
  }
}
