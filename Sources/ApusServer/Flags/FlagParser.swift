internal import ApusConfig
internal import ApusModel

/// What is wrong with a command line.
struct FlagError: Error, CustomStringConvertible {
  let description: String
}

/// Arguments -> values, by the rules of Prometheus's command line: `--name=value`,
/// `--name value`, `--flag`, `--no-flag`, `@file` for one argument a line.
struct FlagParser {
  /// Values given, by name; a list flag keeps all of them.
  private(set) var given: [String: [String]] = [:]
  private(set) var wantsHelp = false
  private(set) var wantsVersion = false

  private var rest: ArraySlice<String>

  /// - Parameter readFile: the lines of an `@file`.
  /// - Throws: `FlagError` in the words of Prometheus's command line.
  init(_ arguments: [String], readFile: (String) throws -> [String]) throws {
    var expanded: [String] = []
    for argument in arguments {
      if argument.hasPrefix("@"), argument.utf8.count > 1 {
        expanded += try readFile(String(argument.dropFirst())).filter { !$0.isEmpty }
      } else {
        expanded.append(argument)
      }
    }
    rest = expanded[...]
    while let argument = rest.popFirst() { try take(argument) }
  }

  private mutating func take(_ argument: String) throws(FlagError) {
    switch argument {
    case "-h", "--help", "--help-long", "--help-man": wantsHelp = true
    case "--version": wantsVersion = true
    default:
      guard argument.hasPrefix("--") else {
        throw FlagError(description: "unexpected \(argument)")
      }
      let body = argument.dropFirst(2)
      let parts = body.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let value = parts.count == 2 ? String(parts[1]) : nil
      try take(name: String(parts[0]), value: value)
    }
  }

  private mutating func take(name: String, value: String?) throws(FlagError) {
    if let spec = FlagTable.spec(named: name) {
      if case .bool = spec.kind {
        if let value { throw FlagError(description: "unexpected \(value)") }
        return set(name, "true")
      }
      guard let text = value ?? rest.popFirst() else {
        throw FlagError(description: "expected argument for flag '--\(name)'")
      }
      try check(text, spec)
      return set(name, text)
    }
    if name.hasPrefix("no-"), let spec = FlagTable.spec(named: String(name.dropFirst(3))),
      case .bool = spec.kind, value == nil
    {
      return set(spec.name, "false")
    }
    let near = NearestName.find(name, in: FlagTable.all.map(\.name))
    let hint = near.map { "; did you mean '--\($0)'?" } ?? ""
    throw FlagError(description: "unknown long flag '--\(name)'\(hint)")
  }

  private mutating func set(_ name: String, _ value: String) {
    if case .list? = FlagTable.spec(named: name)?.kind {
      given[name, default: []].append(value)
    } else {
      given[name] = [value]
    }
  }

  private func check(_ text: String, _ spec: FlagSpec) throws(FlagError) {
    switch spec.kind {
    case .bool, .text, .list: return
    case .duration:
      guard (try? DurationText.parse(text)) != nil else {
        throw FlagError(description: "not a valid duration string: \(GoQuote.quote(text))")
      }
    case .bytes:
      guard (try? ByteSizeText.parse(text)) != nil else {
        throw FlagError(description: "units: unknown unit in \(text)")
      }
    case .number:
      guard Double(text) != nil else {
        throw FlagError(
          description: "strconv.ParseFloat: parsing \(GoQuote.quote(text)): invalid syntax")
      }
    case .choice(let words):
      guard words.contains(text) else {
        throw FlagError(
          description: "enum value must be one of \(words.joined(separator: ",")), got "
            + "'\(text)'")
      }
    }
  }
}
