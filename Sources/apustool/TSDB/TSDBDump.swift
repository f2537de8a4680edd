internal import ApusModel
internal import ApusSystem
internal import ApusStorage
internal import ApusTSDB
internal import ArgumentParser

/// What both kinds of dump take.
struct DumpOptions: ParsableArguments {
  @Option(
    name: .customLong("sandbox-dir-root"),
    help: """
      Root directory where a sandbox directory will be created, this sandbox is used in case WAL \
      replay generates chunks (default is the system's directory for temporary files). The \
      sandbox is cleaned up at the end.
      """)
  var sandboxRoot = ""

  @Option(
    name: .customLong("min-time"), parsing: .unconditional,
    help: "Minimum timestamp to dump, in milliseconds since the Unix epoch.")
  var minTimeMs = Int64.min

  @Option(
    name: .customLong("max-time"), parsing: .unconditional,
    help: "Maximum timestamp to dump, in milliseconds since the Unix epoch.")
  var maxTimeMs = Int64.max

  @Option(help: "Series selector. Can be specified multiple times.")
  var match: [String] = []

  @Argument(help: "Database path (default is data/).") var path = "data/"

  func write(_ format: DumpFormat) throws {
    let snapshot = try StoreSnapshot(of: path, sandboxRoot: sandboxRoot)
    defer { snapshot.close() }
    let cursor = try snapshot.select(match, in: TimeRange(minTimeMs, maxTimeMs))
    do throws(StorageError) {
      try format.write(cursor)
    } catch {
      throw CommandFailure(error.description)
    }
  }
}

/// `tsdb dump [<db path>]`
struct TSDBDump: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dump",
    abstract: "Dump data (series+samples or optionally just series) from a TSDB.")

  enum Format: String, CaseIterable, ExpressibleByArgument {
    case prom
    case seriesJSON = "seriesjson"
  }

  @OptionGroup var global: GlobalOptions
  @OptionGroup var options: DumpOptions

  @Option(help: "Output format of the dump (prom (default) or seriesjson).")
  var format = Format.prom

  func run() throws { try options.write(format == .prom ? .plain : .seriesJSON) }
}

/// `tsdb dump-openmetrics [<db path>]`
struct TSDBDumpOpenMetrics: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dump-openmetrics",
    abstract: """
      [Experimental] Dump samples from a TSDB into OpenMetrics text format, excluding native \
      histograms and staleness markers, which are not representable in OpenMetrics.
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var options: DumpOptions

  func run() throws { try options.write(.openMetrics) }
}

/// How samples are written.
enum DumpFormat {
  /// `{__name__="up"} 1 1609954636000`
  case plain
  /// `{"__name__":"up"}`
  case seriesJSON
  /// `up{} 1 1609954636.000`, and `# EOF` at the end
  case openMetrics

  func write(_ cursor: any SeriesCursor) throws(StorageError) {
    var out = OutputBuffer()
    var batch = SampleBatch()
    while try cursor.next() {
      switch self {
      case .seriesJSON: out.line(Self.json(cursor.labels))
      case .plain:
        batch.removeAll()
        try cursor.read(into: &batch)
        Self.plain(batch, cursor.labels.description, to: &out)
      case .openMetrics:
        batch.removeAll()
        try cursor.read(into: &batch)
        Self.openMetrics(batch, cursor.labels, to: &out)
      }
    }
    if case .openMetrics = self { out.line("# EOF") }
    out.flush()
  }

  /// Floats and histograms in order of time.
  private static func plain(
    _ batch: SampleBatch, _ labels: String, to out: inout OutputBuffer
  ) {
    var histogram = 0
    for (time, value) in zip(batch.times, batch.values) {
      while histogram < batch.histogramTimes.count, batch.histogramTimes[histogram] < time {
        line(batch, histogram, labels, to: &out)
        histogram += 1
      }
      out.line("\(labels) \(FloatText.g(value)) \(time)")
    }
    while histogram < batch.histogramTimes.count {
      line(batch, histogram, labels, to: &out)
      histogram += 1
    }
  }

  private static func line(
    _ batch: SampleBatch, _ histogram: Int, _ labels: String, to out: inout OutputBuffer
  ) {
    out.line("\(labels) \(batch.histograms[histogram]) \(batch.histogramTimes[histogram])")
  }

  private static func openMetrics(
    _ batch: SampleBatch, _ labels: Labels, to out: inout OutputBuffer
  ) {
    let series = openMetrics(labels)
    for (time, value) in zip(batch.times, batch.values) where !StaleMarker.isStale(value) {
      let seconds = FloatText.fixed(Double(time) / 1_000, places: 3)
      out.line("\(series) \(FloatText.g(value)) \(seconds)")
    }
  }

  /// So that a reader of the format gets the same labels back: promtool quotes as Go does, which
  /// that format does not know for all characters, and names of any characters not at all.
  private static func openMetrics(_ labels: Labels) -> String {
    let metric = labels.metricName
    var pairs = labels.filter { $0.name != LabelNames.metricName }.map { label in
      (LabelNames.isLegacyValid(label.name) ? label.name : openMetricsQuoted(label.name))
        + "=" + openMetricsQuoted(label.value)
    }
    let isPlain = metric.isEmpty || LabelNames.isLegacyValidMetricName(metric)
    if !isPlain { pairs.insert(openMetricsQuoted(metric), at: 0) }
    return (isPlain ? metric : "") + "{\(pairs.joined(separator: ","))}"
  }

  private static func openMetricsQuoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": quoted += "\\\\"
      case "\"": quoted += "\\\""
      case "\n": quoted += "\\n"
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }

  private static func json(_ labels: Labels) -> String {
    func quoted(_ text: String) -> String { JSONText.quoted(text, escapesHTML: true) }
    let pairs = labels.map { "\(quoted($0.name)):\(quoted($0.value))" }
    return "{\(pairs.joined(separator: ","))}"
  }
}
