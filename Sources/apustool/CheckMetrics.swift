internal import ApusExposition
internal import ApusModel
internal import ArgumentParser
internal import Foundation

/// `check metrics`
struct CheckMetrics: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "metrics",
    abstract:
      "Pass Prometheus metrics over stdin to lint them for consistency and correctness.")

  @OptionGroup var global: GlobalOptions

  @Flag(help: "Print extended information related to the cardinality of the metrics.")
  var extended = false

  @Option(help: "Linting checks to apply for metrics. Available options are: all, none.")
  var lint = "all"

  func run() throws {
    let isLinting = lint != "none"
    guard extended || isLinting else {
      throw CommandFailure(
        """
        error: at least one of --extended or linting must be enabled
        Use --extended for cardinality analysis, or remove --lint=none to enable linting
        """)
    }
    let bytes = Console.current.readInput()
    let families: [ScrapedFamily]
    do {
      families = try ScrapedFamily.read(bytes)
    } catch {
      throw CommandFailure("error while linting: \(error)")
    }
    let problems = isLinting ? families.flatMap(MetricLint.problems).sorted() : []
    for problem in problems { Output.errorLine("\(problem.metric) \(problem.text)") }
    if extended { Output.line(cardinalities(families)) }
    if !problems.isEmpty { throw ExitCode(ExitStatus.lint) }
  }

  private func cardinalities(_ families: [ScrapedFamily]) -> String {
    let total = families.reduce(0) { $0 + $1.samples.count }
    var rows = families.sorted { ($1.samples.count, $0.name) < ($0.samples.count, $1.name) }
      .map { family in
        let share = Double(family.samples.count) / Double(max(1, total)) * 100
        return [family.name, "\(family.samples.count)", String(format: "%.2f%%", share)]
      }
    rows.append(["Total", "\(total)", "100%"])
    let all = [["Metric", "Cardinality", "Percentage"]] + rows
    let widths = (0..<3).map { column in (all.map { $0[column].count }.max() ?? 0) + 4 }
    return all.map { row in
      zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined()
    }.joined(separator: "\n")
  }
}

/// A metric as a target exposes it.
struct ScrapedFamily {
  let name: String
  var kind = MetricMetadata.Kind.unknown
  var hasHelp = false
  /// Labels of each sample, the name among them.
  var samples: [Labels] = []

  init(name: String) { self.name = name }

  /// The metrics of a text, in order of appearance.
  static func read(_ bytes: [UInt8]) throws(ExpositionError) -> [ScrapedFamily] {
    var families: [ScrapedFamily] = []
    var positions: [String: Int] = [:]
    func position(_ name: String) -> Int {
      if let at = positions[name] { return at }
      positions[name] = families.count
      families.append(ScrapedFamily(name: name))
      return families.count - 1
    }
    var parser = ExpositionParser(bytes.span, format: .text)
    while true {
      switch try parser.next() {
      case .help: families[position(parser.metadataName)].hasHelp = true
      case .type: families[position(parser.metadataName)].kind = parser.metadataKind
      case .series:
        let labels = try parser.labels()
        let name = owner(of: labels.metricName) { positions[$0].map { families[$0].kind } }
        families[position(name)].samples.append(labels)
      case .unit, .comment: continue
      case .end: return families.filter { !$0.samples.isEmpty }
      }
    }
  }

  /// The histogram or summary that a sample is a part of, or its own name.
  private static func owner(
    of name: String, kind: (String) -> MetricMetadata.Kind?
  ) -> String {
    for suffix in ["_bucket", "_count", "_sum"] where name.hasSuffix(suffix) {
      let base = String(name.dropLast(suffix.count))
      switch kind(base) {
      case .histogram: return base
      case .summary where suffix != "_bucket": return base
      default: continue
      }
    }
    return name
  }
}
