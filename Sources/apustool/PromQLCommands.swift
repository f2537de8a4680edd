internal import ApusPromQLSyntax
internal import ArgumentParser

/// `promql ...`
struct PromQL: CommandGroup {
  static let configuration = CommandConfiguration(
    commandName: "promql",
    abstract: "PromQL formatting and editing. Requires the --experimental flag.",
    subcommands: [FormatQuery.self])
}

/// `promql format <query>`
struct FormatQuery: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "format", abstract: "Format PromQL query to pretty printed form.")

  @OptionGroup var global: GlobalOptions

  @Argument(help: "PromQL query.")
  var query: String

  func run() throws {
    guard global.experimental else {
      Output.errorLine(
        "This command is experimental and requires the --experimental flag to be set.")
      throw ExitCode(ExitStatus.failure)
    }
    do {
      Output.line(PrettyPrinter.pretty(try Parser.parse(query)))
    } catch {
      Output.errorLine(error.description)
      throw ExitCode(ExitStatus.failure)
    }
  }
}
