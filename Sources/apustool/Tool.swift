internal import ApusModel
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
    subcommands: [
      Check.self, Query.self, Debug.self, Push.self, TestCommand.self, TSDBCommand.self,
      PromQL.self,
    ])

  /// Parses and runs a command line.
  /// - Returns: the exit code.
  static func run(_ arguments: [String], on console: Console = .process) async -> Int32 {
    await Console.$current.withValue(console) { await runLine(arguments) }
  }

  private static func runLine(_ arguments: [String]) async -> Int32 {
    if arguments.first == "--version" {
      Output.line("apustool, a replacement for promtool")
      return ExitStatus.success
    }
    if let first = arguments.first, let shell = Completion.shell(first) {
      Output.line(completionScript(for: shell))
      return ExitStatus.success
    }
    let line = GlobalOptions.moved(EmptyValues.apart(arguments))
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
    } catch {
      return status(after: error)
    }
  }

  /// Says what went wrong.
  /// - Returns: the exit code.
  static func status(after error: any Error) -> Int32 {
    if let status = error as? ExitCode { return status.rawValue }
    if let failure = error as? CommandFailure {
      Output.errorLine(failure.description)
      return ExitStatus.failure
    }
    let code = exitCode(for: error)
    if code == .success {
      Output.line(fullMessage(for: error))
      return ExitStatus.success
    }
    if code == .validationFailure {
      Output.errorLine("apustool: error: \(UsageText.of(message(for: error))), try --help")
    } else {
      // Not of the command line, but of what the command did.
      Output.errorLine("\(error)")
    }
    return ExitStatus.failure
  }
}

/// `--completion-script-bash` and its like, as promtool spells them.
enum Completion {
  static func shell(_ flag: String) -> CompletionShell? {
    let prefix = "--completion-script-"
    return flag.hasPrefix(prefix)
      ? CompletionShell(rawValue: String(flag.dropFirst(prefix.count))) : nil
  }
}

/// `--flag=` gives the flag an empty value, as in promtool; the parser would take the next argument
/// for it.
enum EmptyValues {
  static func apart(_ arguments: [String]) -> [String] {
    let flags = arguments.prefix { $0 != "--" }
    return flags.flatMap { argument in
      argument.hasPrefix("--") && argument.firstIndex(of: "=") == argument.indices.last
        ? [String(argument.dropLast()), ""] : [argument]
    } + arguments.dropFirst(flags.count)
  }
}

/// A count as promtool takes it: a float, of which the whole part counts.
struct CountFlag: ExpressibleByArgument, ExpressibleByIntegerLiteral {
  let count: Int

  init(integerLiteral value: Int) { count = value }

  init?(argument: String) {
    guard let value = try? FloatText.parse(argument), !value.isNaN else { return nil }
    // Beyond, every count is endless.
    count = Int(max(-0x1p53, min(0x1p53, value)))
  }

  var defaultValueDescription: String { "\(count)" }
}

/// Flags that may stand before the command, as in promtool.
struct GlobalOptions: ParsableArguments {
  @Flag(help: "Enable experimental commands.")
  var experimental = false

  @Option(
    name: .customLong("enable-feature"),
    help: "Comma separated feature names to enable (only PromQL related).")
  var features: [String] = []

  /// Tells of features that the query language does not have.
  func validate() {
    for name in PromQLFeatures(features).unknown {
      Output.line("  WARNING: Unknown feature passed to --enable-feature: \(name)")
    }
  }

  /// Flags of the tool and of groups of commands that take a value.
  private static let valued: Set<String> = [
    "--enable-feature", "-o", "--format", "--http.config.file", "--query.lookback-delta",
    "--max-block-duration", "--junit",
  ]

  /// The arguments with the flags that stand before the command behind it, where the parser looks
  /// for them: in promtool a flag of a group may stand anywhere after the group's name.
  static func moved(_ arguments: [String]) -> [String] {
    var rest = arguments[...]
    var moved: [String] = []
    var path: [String] = []
    var group: any ParsableCommand.Type = Tool.self
    while let first = rest.first {
      if first.hasPrefix("-"), first != "-h", !first.hasPrefix("--help") {
        let isAlone = valued.contains(first) && rest.count > 1
        moved += rest.prefix(isAlone ? 2 : 1)
        rest.removeFirst(isAlone ? 2 : 1)
        continue
      }
      let commands = group.configuration.subcommands
      guard let next = commands.first(where: { $0.configuration.commandName == first }) else {
        break
      }
      path.append(first)
      rest.removeFirst()
      guard next is any CommandGroup.Type else { break }
      group = next
    }
    // What follows `--` is no flag: the moved ones go before it.
    let end = rest.firstIndex(of: "--") ?? rest.endIndex
    return path + rest[..<end] + moved + rest[end...]
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
      let bare = name.filter { !"<>.[]".contains($0) }.split(separator: " ")
      return "required argument '\(bare.joined(separator: " "))' not provided"
    }
    if let name = quoted(text, after: "Unexpected argument '") { return "unexpected \(name)" }
    if let name = quoted(text, after: "Missing expected argument for '") {
      return "expected argument for flag '\(name)'"
    }
    if let value = quoted(text, after: "The value '") { return invalid(value, in: text) }
    return text
  }

  /// A value that its flag cannot take: not one of some words, or no number.
  private static func invalid(_ value: String, in text: String) -> String {
    if let range = text.firstRange(of: "Please provide one of ") {
      let words = text[range.upperBound...].split(separator: "'").filter { $0.first != "," }
        .filter { $0 != " and " && $0 != " or " && $0 != "." }
      return "enum value must be one of \(words.joined(separator: ",")), got '\(value)'"
    }
    // Times are parsed as integers, counts as floats.
    let function = text.contains("-time ") ? "ParseInt" : "ParseFloat"
    return "strconv.\(function): parsing \"\(value)\": invalid syntax"
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
    var path: [String] = []
    var rest = arguments[...]
    while true {
      guard let name = rest.first(where: { !$0.hasPrefix("-") }) else {
        if group == Tool.self || rest.contains(where: { $0 == "-h" || $0 == "--help" }) {
          return nil
        }
        return "must select a subcommand of '\(path.joined(separator: " "))'"
      }
      if group == Tool.self && name == "help" { return nil }
      let all = group.configuration.subcommands
      guard let next = all.first(where: { $0.configuration.commandName == name }) else {
        return "expected command but got \"\(name)\""
      }
      guard next is any CommandGroup.Type else { return nil }
      rest = rest.drop { $0 != name }.dropFirst()
      path.append(name)
      group = next
    }
  }
}
