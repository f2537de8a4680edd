internal import ApusExposition
internal import ApusHTTP
internal import ApusModel
internal import ApusSystem
internal import ArgumentParser

/// `push ...`
struct Push: CommandGroup {
  static let configuration = CommandConfiguration(
    commandName: "push", abstract: "Push to a Prometheus server.",
    subcommands: [PushMetrics.self])
}

/// `push metrics <remote-write-url> [<metric-files>...]`
struct PushMetrics: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "metrics",
    abstract: "Push metrics to a prometheus remote write (for testing purpose only).")

  @OptionGroup var global: GlobalOptions

  @Option(
    name: .customLong("http.config.file"),
    help: "HTTP client configuration file for promtool to connect to Prometheus.")
  var httpConfigFile = ""

  @Option(help: "Label to attach to metrics. Can be specified multiple times.")
  var label: [String] = ["job=promtool"]

  @Option(help: "The time to wait for pushing metrics.") var timeout = "30s"
  @Option(help: "Prometheus remote write header.") var header: [String] = []

  @Option(
    name: .customLong("protobuf_message"),
    help: "Protobuf message to use when writing (prometheus.WriteRequest).")
  var message = "prometheus.WriteRequest"

  @Argument(
    help: ArgumentHelp(
      "Prometheus remote write url to push metrics.", valueName: "remote-write-url"))
  var url: String

  @Argument(
    help: ArgumentHelp(
      "The metric files to push, default is read from standard input.",
      valueName: "metric-files"))
  var files: [String] = []

  func run() async throws {
    try ExistingFile.check(files)
    guard let timeoutMs = try? DurationText.parse(timeout), timeoutMs > 0 else {
      throw ValidationError("time: invalid duration \(GoQuote.quote(timeout))")
    }
    guard message == "prometheus.WriteRequest" else {
      throw CommandFailure(
        "unknown protobuf message \(message), supported: prometheus.WriteRequest")
    }
    let sender = MetricsSender(
      fetcher: try ClientFile.fetcher(httpConfigFile),
      url: url.contains("://") ? url : "http://\(url)", timeoutMs: timeoutMs,
      headers: try LabelFlags.parse(header), labels: try LabelFlags.parse(label),
      nowMs: Console.current.clock.nowMs)
    var hasFailed = false
    if files.isEmpty {
      let bytes = Console.current.readInput()
      Output.line("Parsing standard input")
      hasFailed = !(await push(bytes, sender, done: "metrics pushed to remote write."))
    }
    for file in files {
      do throws(PosixError) {
        let bytes = try PosixFileSystem().read(file)
        Output.line("Parsing metrics file \(file)")
        let done = "metrics file \(file) pushed to remote write."
        if !(await push(bytes, sender, done: done)) { hasFailed = true }
      } catch {
        Output.errorLine("  FAILED: \(error)")
        hasFailed = true
      }
    }
    if hasFailed { throw ExitCode(ExitStatus.failure) }
  }

  private func push(_ bytes: [UInt8], _ sender: MetricsSender, done: String) async -> Bool {
    do {
      try await sender.send(bytes)
      Output.line("  SUCCESS: \(done)")
      return true
    } catch {
      Output.errorLine("  FAILED: \(error)")
      return false
    }
  }
}

/// Metrics in the text format to a remote write request of version 1.
struct MetricsSender {
  let fetcher: any HTTPFetcher
  let url: String
  let timeoutMs: Int64
  let headers: [Label]
  /// For series that have no label of that name.
  let labels: [Label]
  /// The time of samples without one.
  let nowMs: Int64

  func send(_ text: [UInt8]) async throws {
    var request = FetchRequest(url: url, timeoutMs: timeoutMs)
    request.method = "POST"
    request.headers = [
      (name: "Content-Encoding", value: "snappy"),
      (name: "Content-Type", value: "application/x-protobuf"),
      (name: "User-Agent", value: "apustool"),
      (name: "X-Prometheus-Remote-Write-Version", value: "0.1.0"),
    ]
    request.headers += headers.map { (name: $0.name, value: $0.value) }
    request.body = Snappy.compress(try writeRequest(text))
    let answer = try await fetcher.fetch(request)
    guard answer.status / 100 == 2 else {
      let line =
        String(decoding: answer.body, as: UTF8.self).split(separator: "\n").first ?? ""
      throw CommandFailure("server returned HTTP status \(answer.status): \(line)")
    }
  }

  /// `WriteRequest{timeseries{labels{name, value}, samples{value, timestamp}}}`
  func writeRequest(_ text: [UInt8]) throws(ExpositionError) -> [UInt8] {
    var series: [(labels: Labels, value: Double, timeMs: Int64)] = []
    var parser = ExpositionParser(text.span, format: .text)
    while true {
      let entry = try parser.next()
      if case .end = entry { break }
      guard case .series = entry else { continue }
      let own = try parser.labels()
      var builder = LabelsBuilder(own)
      for label in labels where !own.has(label.name) { builder.set(label.name, label.value) }
      series.append((builder.labels(), parser.value, parser.timeMs ?? nowMs))
    }
    var writer = ProtobufWriter()
    for one in series.sorted(by: { $0.labels < $1.labels }) {
      writer.message(1) { series in
        for label in one.labels {
          series.message(1) { pair in
            pair.string(1, label.name)
            pair.string(2, label.value)
          }
        }
        series.message(2) { sample in
          sample.double(1, one.value)
          sample.int64(2, one.timeMs)
        }
      }
    }
    return writer.array()
  }
}
