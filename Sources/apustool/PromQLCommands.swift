internal import ApusModel
internal import ApusPromQLSyntax
internal import ApusSystem
internal import ArgumentParser

/// `promql ...`
struct PromQL: CommandGroup {
  static let configuration = CommandConfiguration(
    commandName: "promql",
    abstract: "PromQL formatting and editing. Requires the --experimental flag.",
    subcommands: [FormatQuery.self, LabelMatchers.self])
}

extension GlobalOptions {
  /// Ends a command that is experimental where the flag is missing.
  func requireExperimental() throws {
    guard experimental else {
      throw CommandFailure(
        "This command is experimental and requires the --experimental flag to be set.")
    }
  }

  /// A query with the features that are enabled.
  func parse(_ query: String) throws -> Expression {
    do throws(ParseError) {
      return try Parser.parse(query, options: PromQLFeatures(features).parserOptions)
    } catch {
      throw CommandFailure(error.description)
    }
  }
}

/// `promql format <query>`
struct FormatQuery: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "format", abstract: "Format PromQL query to pretty printed form.")

  @OptionGroup var global: GlobalOptions

  @Argument(help: "PromQL query.")
  var query: String

  func run() throws {
    try global.requireExperimental()
    Output.line(PrettyPrinter.pretty(try global.parse(query)))
  }
}

/// `promql label-matchers ...`
struct LabelMatchers: CommandGroup {
  static let configuration = CommandConfiguration(
    commandName: "label-matchers",
    abstract: "Edit label matchers contained within an existing PromQL query.",
    subcommands: [SetLabelMatcher.self, DeleteLabelMatcher.self])
}

/// `promql label-matchers set <query> <name> <value>`
struct SetLabelMatcher: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "set", abstract: "Set a label matcher in the query.")

  @OptionGroup var global: GlobalOptions

  @Option(
    name: [.customLong("type"), .customShort("t")],
    help: "Type of the label matcher to set. (=, !=, =~, !~)")
  var type = "="

  @Argument(help: "PromQL query.") var query: String
  @Argument(help: "Name of the label matcher to set.") var name: String
  @Argument(help: "Value of the label matcher to set.") var value: String

  func run() throws {
    try global.requireExperimental()
    let expression = try global.parse(query)
    let matcher: LabelMatcher
    guard let kind = LabelMatcher.Kind(rawValue: type) else {
      throw ValidationError("enum value must be one of =,!=,=~,!~, got '\(type)'")
    }
    do throws(RegexError) {
      matcher = try LabelMatcher(kind, name, value)
    } catch {
      throw CommandFailure(error.description)
    }
    let changed = expression.mapSelectors { selector in
      var selector = selector
      let places = selector.matchers.indices.filter { selector.matchers[$0].name == name }
      for place in places { selector.matchers[place] = matcher }
      if places.isEmpty { selector.matchers.append(matcher) }
      return selector
    }
    Output.line(PrettyPrinter.pretty(changed))
  }
}

/// `promql label-matchers delete <query> <name>`
struct DeleteLabelMatcher: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete", abstract: "Delete a label from the query.")

  @OptionGroup var global: GlobalOptions

  @Argument(help: "PromQL query.") var query: String
  @Argument(help: "Name of the label to delete.") var name: String

  func run() throws {
    try global.requireExperimental()
    let changed = try global.parse(query).mapSelectors { selector in
      var selector = selector
      selector.matchers.removeAll { $0.name == name }
      return selector
    }
    Output.line(PrettyPrinter.pretty(changed))
  }
}
