internal import ArgumentParser

/// `query ...`
struct Query: CommandGroup {
  static let configuration = CommandConfiguration(
    commandName: "query", abstract: "Run query against a Prometheus server.",
    subcommands: [
      QueryInstant.self, QueryRange.self, QuerySeries.self, QueryLabels.self, QueryAnalyze.self,
    ])
}

enum OutputFormat: String, CaseIterable, ExpressibleByArgument {
  case promql
  case json
}

/// What all queries take.
struct QueryOptions: ParsableArguments {
  @Option(
    name: [.customLong("format"), .customShort("o")],
    help: "Output format of the query. (promql, json)")
  var format = OutputFormat.promql

  @Option(
    name: .customLong("http.config.file"),
    help: "HTTP client configuration file for promtool to connect to Prometheus.")
  var httpConfigFile = ""

  func client(_ server: String, headers: [String] = []) throws -> APIClient {
    try APIClient(
      server: server, httpConfigFile: httpConfigFile, headers: headers, format: format)
  }
}

/// `query instant <server> <expr>`
struct QueryInstant: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "instant", abstract: "Run instant query.")

  @OptionGroup var global: GlobalOptions
  @OptionGroup var options: QueryOptions
  @Option(help: "Query evaluation time (RFC3339 or Unix timestamp).") var time = ""
  @Option(help: "Extra headers to send to server.") var header: [String] = []
  @Argument(help: "Prometheus server to query.") var server: String
  @Argument(help: "PromQL query expression.") var expr: String

  func run() async throws {
    let client = try options.client(server, headers: header)
    var form = [FormField("query", expr)]
    form.append(
      FormField("time", try TimeText.parameter("evaluation time", time, orMs: client.nowMs)))
    try await client.show(path: "/api/v1/query", form: form)
  }
}

/// `query range <server> <expr>`
struct QueryRange: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "range", abstract: "Run range query.")

  @OptionGroup var global: GlobalOptions
  @OptionGroup var options: QueryOptions
  @Option(help: "Extra headers to send to server.") var header: [String] = []
  @Option(help: "Query range start time (RFC3339 or Unix timestamp).") var start = ""
  @Option(help: "Query range end time (RFC3339 or Unix timestamp).") var end = ""
  @Option(help: "Query step size (duration).") var step = ""
  @Argument(help: "Prometheus server to query.") var server: String
  @Argument(help: "PromQL query expression.") var expr: String

  func run() async throws {
    let client = try options.client(server, headers: header)
    let endMs = try TimeText.ms("end time", end) ?? client.nowMs
    let startMs = try TimeText.ms("start time", start) ?? endMs - 300_000
    if startMs > endMs {
      throw CommandFailure("start time is not before end time")
    }
    let stepMs = try TimeText.stepMs(step) ?? max(1_000, (endMs - startMs) / 250_000 * 1_000)
    try await client.show(
      path: "/api/v1/query_range",
      form: [
        FormField("query", expr), FormField("start", TimeText.seconds(startMs)),
        FormField("end", TimeText.seconds(endMs)), FormField("step", TimeText.seconds(stepMs)),
      ])
  }
}

/// `query series <server> --match=...`
struct QuerySeries: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "series", abstract: "Run series query.")

  @OptionGroup var global: GlobalOptions
  @OptionGroup var options: QueryOptions
  @Option(help: "Series selector. Can be specified multiple times.") var match: [String]
  @Option(help: "Start time (RFC3339 or Unix timestamp).") var start = ""
  @Option(help: "End time (RFC3339 or Unix timestamp).") var end = ""
  @Argument(help: "Prometheus server to query.") var server: String

  func run() async throws {
    let client = try options.client(server)
    try await client.show(
      path: "/api/v1/series",
      form: match.map { FormField("match[]", $0) } + (try TimeText.range(start, end)))
  }
}

/// `query labels <server> <name>`
struct QueryLabels: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "labels", abstract: "Run labels query.")

  @OptionGroup var global: GlobalOptions
  @OptionGroup var options: QueryOptions
  @Option(help: "Start time (RFC3339 or Unix timestamp).") var start = ""
  @Option(help: "End time (RFC3339 or Unix timestamp).") var end = ""
  @Option(help: "Series selector. Can be specified multiple times.") var match: [String] = []
  @Argument(help: "Prometheus server to query.") var server: String
  @Argument(help: "Label name to provide label values for.") var name: String

  func run() async throws {
    let client = try options.client(server)
    try await client.show(
      path: "/api/v1/label/\(FormField.escaped(name))/values",
      query: match.map { FormField("match[]", $0) } + (try TimeText.range(start, end)))
  }
}
