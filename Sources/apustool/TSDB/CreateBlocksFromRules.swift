internal import ApusConfig
internal import ApusModel
internal import ApusPromQLSyntax
internal import ApusRules
internal import ApusStorage
internal import ApusSystem
internal import ApusTSDB
internal import ArgumentParser

/// `tsdb create-blocks-from rules --start=... <rule-files>...`
struct CreateBlocksFromRules: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rules", abstract: "Create blocks of data for new recording rules.")

  @OptionGroup var global: GlobalOptions
  @OptionGroup var options: CreateBlocksOptions

  @Option(
    name: .customLong("http.config.file"),
    help: "HTTP client configuration file for promtool to connect to Prometheus.")
  var httpConfigFile = ""

  @Option(
    help: "The URL for the Prometheus API with the data where the rule will be backfilled from.")
  var url = "http://localhost:9090"

  @Option(
    help: """
      The time to start backfilling the new rule from. Must be a RFC3339 formatted date or Unix \
      timestamp. Required.
      """)
  var start: String

  @Option(
    help: """
      If an end time is provided, all recording rules in the rule files provided will be \
      backfilled to the end time. Default will backfill up to 3 hours ago. Must be a RFC3339 \
      formatted date or Unix timestamp.
      """)
  var end = ""

  @Option(name: .customLong("output-dir"), help: "Output directory for generated blocks.")
  var outputDirectory = "data/"

  @Option(
    name: .customLong("eval-interval"),
    help: """
      How frequently to evaluate rules when backfilling if a value is not set in the recording \
      rule files.
      """)
  var evaluationInterval = "60s"

  @Argument(
    help: ArgumentHelp(
      """
      A list of one or more files containing recording rules to be backfilled. All recording \
      rules listed in the files will be backfilled. Alerting rules are not evaluated.
      """, valueName: "rule-files"))
  var ruleFiles: [String]

  func run() async throws {
    try ExistingFile.check(ruleFiles)
    let blockMs = try options.blockMs()
    guard let intervalMs = try? DurationText.parse(evaluationInterval), intervalMs > 0 else {
      throw ValidationError("time: invalid duration \(GoQuote.quote(evaluationInterval))")
    }
    let client = try APIClient(server: url, httpConfigFile: httpConfigFile)
    let nowMs = Console.current.clock.nowMs
    let endMs = try TimeText.ms("end time", end) ?? nowMs - 3 * 3_600_000
    let startMs = try TimeText.ms("start time", start) ?? 0
    guard startMs < endMs else { throw CommandFailure("start time is not before end time") }
    let backfill = RuleBackfill(
      client: client, startSeconds: floorDivide(startMs, 1_000),
      endSeconds: floorDivide(endMs, 1_000), blockMs: blockMs)
    backfill.log(
      "new rule importer",
      "start=\(GoQuote.quote(CivilTime.rfc822(seconds: backfill.startSeconds))) "
        + "end=\(GoQuote.quote(CivilTime.rfc822(seconds: backfill.endSeconds)))")
    let groups: [RuleGroupDefinition]
    do throws(ConfigErrors) {
      groups = try RuleLoader(
        files: PosixFileSystem(), options: ParserOptions(), validation: .utf8
      ).load(ruleFiles, intervalMs: intervalMs)
    } catch {
      throw CommandFailure("rule importer parse error: \(error.ruleTexts.first ?? "")")
    }
    let output = try BlockOutput(directory: outputDirectory, options: options.quieted)
    let problems = await backfill.run(groups, into: output)
    for problem in problems { Output.errorLine("rule importer error: \(problem)") }
    if !problems.isEmpty { throw CommandFailure("error importing rules") }
  }
}

/// The next whole number below a quotient.
private func floorDivide(_ a: Int64, _ b: Int64) -> Int64 {
  a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0)
}

/// Evaluates recording rules over the past by range queries, block by block.
struct RuleBackfill {
  let client: APIClient
  let startSeconds: Int64
  /// Included.
  let endSeconds: Int64
  let blockMs: Int64

  /// - Returns: what went wrong, by rule. Rules that fail are left out from then on.
  func run(_ groups: [RuleGroupDefinition], into output: BlockOutput) async -> [String] {
    var problems: [String] = []
    var failed = Set<String>()
    for group in groups {
      log("processing group", "name=\(Self.field(group.key))")
      for (index, rule) in group.rules.enumerated() where rule.kind == .recording {
        log("processing rule", "id=\(index) name=\(Self.field(rule.name))")
      }
    }
    var blockStart = BlockRange.start(of: startSeconds * 1_000, lengthMs: blockMs)
    while blockStart <= endSeconds * 1_000 {
      let samples = BlockBackfill()
      for group in groups {
        for (index, rule) in group.rules.enumerated() where rule.kind == .recording {
          let key = "\(group.key);\(index)"
          if failed.contains(key) { continue }
          do {
            try await evaluate(rule, of: group, blockStartMs: blockStart, into: samples)
          } catch {
            failed.insert(key)
            problems.append("\(error)")
          }
        }
      }
      do throws(StorageError) {
        try output.write(samples)
      } catch {
        return problems + ["multiappender flush: \(error)"]
      }
      blockStart += blockMs
    }
    return problems
  }

  private func evaluate(
    _ rule: RuleDefinition, of group: RuleGroupDefinition, blockStartMs: Int64,
    into samples: BlockBackfill
  ) async throws {
    let first = max(blockStartMs / 1_000, startSeconds)
    let last = min((blockStartMs + blockMs - 1) / 1_000, endSeconds)
    let firstMs = Self.firstTurnMs(of: group, atOrAfterSeconds: first)
    guard firstMs <= last * 1_000 else { return }
    let data: [String: Any]
    do {
      data =
        try await client.ask(
          path: "/api/v1/query_range",
          form: [
            FormField("query", rule.expression), FormField("start", TimeText.seconds(firstMs)),
            FormField("end", TimeText.seconds(last * 1_000)),
            FormField("step", TimeText.seconds(group.intervalMs)),
          ]) as? [String: Any] ?? [:]
    } catch {
      throw CommandFailure("query range: \(error)")
    }
    guard data["resultType"] as? String == "matrix" else {
      throw CommandFailure("rule result is wrong type \(data["resultType"] ?? "none")")
    }
    for series in data["result"] as? [[String: Any]] ?? [] {
      var builder = LabelsBuilder()
      for (name, value) in series["metric"] as? [String: String] ?? [:] {
        builder.set(name, value)
      }
      for label in rule.labels { builder.set(label.name, label.value) }
      builder.set(LabelNames.metricName, rule.name)
      let number = samples.number(of: builder.labels())
      for pair in series["values"] as? [[Any]] ?? [] {
        guard let point = AnswerPoint(pair) else { continue }
        do throws(AppendError) {
          try samples.append(number, timeMs: point.timeMs, value: point.value)
        } catch {
          throw CommandFailure("add: multiappender append: \(error.text)")
        }
      }
    }
  }

  /// The first turn of a group that does not lie in a second before the given one. As in promtool
  /// it is rounded to milliseconds, where a server cuts.
  private static func firstTurnMs(
    of group: RuleGroupDefinition, atOrAfterSeconds seconds: Int64
  ) -> Int64 {
    let offsetNs = group.schedule.offsetNs
    var turnMs = group.schedule.first(afterMs: seconds * 1_000) - group.intervalMs
    let restNs = offsetNs % 1_000_000
    while floorDivide(turnMs, 1_000) < seconds { turnMs += group.intervalMs }
    return restNs >= 500_000 ? turnMs + 1 : turnMs
  }

  /// A value of a log line, quoted where it must be.
  private static func field(_ text: String) -> String {
    text.utf8.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "=") }
      ? text : GoQuote.quote(text)
  }

  /// Progress, on standard error.
  func log(_ message: String, _ fields: String) {
    Output.errorLine("level=INFO msg=\(GoQuote.quote(message)) component=backfiller \(fields)")
  }
}
