internal import ApusSystem
internal import ArgumentParser

/// What promtool's exit codes mean.
enum ExitStatus {
  static let success: Int32 = 0
  static let failure: Int32 = 1
  static let lint: Int32 = 3
}

/// The root of all commands.
struct Tool: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apustool",
    abstract: "Tooling for the Apus monitoring system.",
    discussion: "Commands, texts and exit codes are those of Prometheus's promtool.",
    subcommands: [Check.self, Query.self, TSDBCommand.self, PromQL.self])

  /// Parses and runs a command line.
  /// - Returns: the exit code.
  static func run(_ arguments: [String]) async -> Int32 {
    if arguments.first == "--version" {
      Output.line("apustool, a replacement for promtool")
      return ExitStatus.success
    }
    let line = GlobalOptions.moved(arguments)
    if let problem = CommandPath.problem(line, in: Tool.self) {
      Output.errorLine("apustool: error: \(problem), try --help")
      return ExitStatus.failure
    }
    do {
      var command = try parseAsRoot(line)
      if var waiting = command as? any AsyncParsableCommand {
        try await waiting.run()
      } else {
        try command.run()
      }
      return ExitStatus.success
    } catch let status as ExitCode {
      return status.rawValue
    } catch {
      if exitCode(for: error) == .success {
        Output.line(fullMessage(for: error))
        return ExitStatus.success
      }
      Output.errorLine("apustool: error: \(UsageText.of(message(for: error))), try --help")
      return ExitStatus.failure
    }
  }
}

/// The tool's two streams.
enum Output {
  static func line(_ text: String = "") { StandardStreams.writeOutput(text + "\n") }

  static func errorLine(_ text: String) { StandardStreams.writeError(text + "\n") }
}

/// Flags that may stand before the command, as in promtool.
struct GlobalOptions: ParsableArguments {
  @Flag(help: "Enable experimental commands.")
  var experimental = false

  @Option(
    name: .customLong("enable-feature"),
    help: "Comma separated feature names to enable (only PromQL related).")
  var features: [String] = []

  /// Flags of a group of commands, which may stand before the command: they take a value.
  private static let groupFlags = [
    "-o", "--format", "--http.config.file", "--query.lookback-delta",
  ]

  /// The arguments with these flags behind the command, where the parser looks for them.
  static func moved(_ arguments: [String]) -> [String] {
    var front = arguments[...]
    var moved = taken(from: &front)
    guard let group = front.popFirst() else { return moved }
    moved += taken(from: &front)
    return [group] + front + moved
  }

  private static func taken(from front: inout ArraySlice<String>) -> [String] {
    var taken: [String] = []
    while let first = front.first {
      let name = first.split(separator: "=").first.map(String.init) ?? first
      let isValued = groupFlags.contains(name) || name == "--enable-feature"
      guard name == "--experimental" || isValued else { break }
      let count = isValued && name == first && front.count > 1 ? 2 : 1
      taken += front.prefix(count)
      front.removeFirst(count)
    }
    return taken
  }
}

/// Complaints of the argument parser in promtool's words.
enum UsageText {
  static func of(_ message: String) -> String {
    let text = message.split(separator: "\n").first.map(String.init) ?? message
    if let name = quoted(text, after: "Unknown option '") {
      return name.hasPrefix("--") ? "unknown long flag '\(name)'" : "unknown short flag '\(name)'"
    }
    if let name = quoted(text, after: "Missing expected argument '") {
      if name.hasPrefix("--") {
        return "required flag \(name.prefix { $0 != " " }) not provided"
      }
      let bare = name.filter { !"<>.[] ".contains($0) }
      return "required argument '\(bare)' not provided"
    }
    if let name = quoted(text, after: "Unexpected argument '") { return "unexpected \(name)" }
    if let name = quoted(text, after: "Missing expected argument for '") {
      return "expected argument for flag '\(name)'"
    }
    return text
  }

  private static func quoted(_ text: String, after prefix: String) -> String? {
    guard text.hasPrefix(prefix) else { return nil }
    return String(text.dropFirst(prefix.count).prefix { $0 != "'" })
  }
}

/// Commands that only hold others, and do nothing themselves.
protocol CommandGroup: ParsableCommand {}

/// Finds out, before anything is parsed, whether a line names a command that there is.
enum CommandPath {
  /// What is wrong with the names of commands at the beginning of a line; nil if nothing is.
  ///
  /// A loop on purpose: the optimizer (6.3.1) took the recursive form, specialized it for the
  /// root, and then looked for every subcommand there.
  static func problem(_ arguments: [String], in root: any ParsableCommand.Type) -> String? {
    var group = root
    var rest = arguments[...]
    while true {
      guard let name = rest.first(where: { !$0.hasPrefix("-") }) else {
        if group == Tool.self || rest.contains(where: { $0 == "-h" || $0 == "--help" }) {
          return nil
        }
        return "must select a subcommand of '\(group.configuration.commandName ?? "")'"
      }
      if group == Tool.self && name == "help" { return nil }
      let all = group.configuration.subcommands
      guard let next = all.first(where: { $0.configuration.commandName == name }) else {
        return "expected command but got \"\(name)\""
      }
      guard next is any CommandGroup.Type else { return nil }
      rest = rest.drop { $0 != name }.dropFirst()
      group = next
    }
  }
}
