internal import ApusModel
internal import ArgumentParser

/// `query analyze --server=... --type=histogram --match=...`
struct QueryAnalyze: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "analyze",
    abstract:
      "Run queries against your Prometheus to analyze the usage pattern of certain metrics.")

  @OptionGroup var global: GlobalOptions
  @OptionGroup var options: QueryOptions

  @Option(help: "Prometheus server to query.") var server: String
  @Option(help: "Type of metric: histogram.") var type: String
  @Option(help: "Time frame to analyze.") var duration = "1h"
  @Option(help: "Query time (RFC3339 or Unix timestamp), defaults to now.") var time = ""
  @Option(help: "Series selector. Can be specified multiple times.") var match: [String]

  private static let header = """
    Bucket stats for each histogram series over time
    ------------------------------------------------
    First the min, avg, and max number of populated buckets, followed by the total
    number of buckets (only if different from the max number of populated buckets
    which is typical for classic but not native histograms).

    """
  private static let footer = """

    Aggregated bucket stats
    -----------------------
    Each line shows min/avg/max over the series above.
    """

  func run() async throws {
    guard type == "histogram" else {
      throw CommandFailure("analyze type is \(type), must be 'histogram'")
    }
    guard let durationMs = try? DurationText.parse(duration), durationMs > 0 else {
      throw ValidationError("time: invalid duration \(GoQuote.quote(duration))")
    }
    let client = try options.client(server)
    let timeMs: Int64
    do throws(CommandFailure) {
      timeMs = try TimeText.value(time) ?? client.nowMs
    } catch {
      throw CommandFailure("error parsing time '\(time)': \(error)")
    }
    Output.line(Self.header)
    var native = BucketSummary()
    var classic = BucketSummary()
    for selector in match {
      let rows = try await rows(
        "\(selector)[\(GoDuration.text(ms: durationMs))]", timeMs, client)
      for row in rows where row.points.isEmpty {
        guard let usage = BucketUsage(native: row) else { continue }
        Output.line("- \(AnswerText.metric(row.metric)) (native): \(usage)")
        native.add(usage)
      }
      for (name, buckets) in BucketRow.classic(rows) {
        guard let usage = try BucketUsage(classic: buckets) else { continue }
        Output.line("- \(name) (classic): \(usage)")
        classic.add(usage)
      }
    }
    Output.line(Self.footer)
    if native.count > 0 { Output.line("\nNative \(native)") }
    if classic.count > 0 { Output.line("\nClassic \(classic)") }
  }

  private func rows(
    _ query: String, _ timeMs: Int64, _ client: APIClient
  ) async throws -> [BucketRow] {
    let answer: Any
    do {
      answer = try await client.ask(
        path: "/api/v1/query",
        form: [FormField("query", query), FormField("time", TimeText.seconds(timeMs))])
    } catch let error as APIError {
      throw CommandFailure(error.description)
    }
    let data = answer as? [String: Any] ?? [:]
    guard data["resultType"] as? String == "matrix" else {
      throw CommandFailure("query of buckets resulted in non-Matrix")
    }
    return (data["result"] as? [[String: Any]] ?? []).map { BucketRow($0) }
  }
}

/// One series of an answer: a native histogram, or one bucket of a classic one.
struct BucketRow {
  let metric: [String: String]
  let points: [AnswerPoint]
  /// Of native histograms, the bounds of the buckets of each.
  let bounds: [[String]]

  init(_ series: [String: Any]) {
    metric = series["metric"] as? [String: String] ?? [:]
    points = (series["values"] as? [[Any]] ?? []).compactMap { AnswerPoint($0) }
    bounds = (series["histograms"] as? [[Any]] ?? []).map { pair in
      let histogram = pair.count == 2 ? pair[1] as? [String: Any] : nil
      // Whether the ends are open, and where they are; what comes last is the count.
      return (histogram?["buckets"] as? [[Any]] ?? []).map { bucket in
        bucket.dropLast().map { "\($0)" }.joined(separator: " ")
      }
    }
  }

  /// Buckets gathered by histogram, histograms by name.
  static func classic(_ rows: [BucketRow]) -> [(name: String, buckets: [BucketRow])] {
    var found: [String: [BucketRow]] = [:]
    for row in rows where !row.points.isEmpty {
      var labels = row.metric
      let name = labels.removeValue(forKey: LabelNames.metricName) ?? ""
      guard labels.removeValue(forKey: LabelNames.bucket) != nil, name.hasSuffix("_bucket")
      else { continue }
      found[name + AnswerText.labelSet(labels), default: []].append(row)
    }
    return found.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// The upper bound of a bucket of a classic histogram.
  var upperBound: Double {
    (try? FloatText.parse(metric[LabelNames.bucket] ?? "")) ?? 0
  }
}

/// How many buckets of a histogram hold something, over the samples of a time.
struct BucketUsage: CustomStringConvertible {
  private(set) var least = Int.max
  private(set) var most = 0
  let average: Double
  let total: Int

  /// Nil where there are not two samples.
  init?(native row: BucketRow) {
    guard row.bounds.count > 1 else { return nil }
    total = Set(row.bounds.joined()).count
    let counts = row.bounds.map(\.count)
    average = Double(counts.reduce(0, +)) / Double(counts.count)
    least = counts.min() ?? 0
    most = counts.max() ?? 0
  }

  /// Nil where there are not two samples.
  init?(classic rows: [BucketRow]) throws(CommandFailure) {
    guard let sampleCount = rows.first?.points.count, sampleCount > 1 else { return nil }
    let sorted = rows.sorted { $0.upperBound < $1.upperBound }
    var sum = 0
    for index in 0..<sampleCount {
      let populated = try Self.populated(sorted, at: index)
      sum += populated
      least = min(least, populated)
      most = max(most, populated)
    }
    total = rows.count
    average = Double(sum) / Double(sampleCount)
  }

  /// Buckets whose count is not that of the bucket below. Where a bucket has no sample any more,
  /// it and those above count as empty.
  private static func populated(_ rows: [BucketRow], at index: Int) throws(CommandFailure) -> Int {
    var count = 0
    var below: AnswerPoint?
    for row in rows {
      guard index < row.points.count else { return count }
      let point = row.points[index]
      if let below, below.timeMs != point.timeMs {
        throw CommandFailure("matrix result is not time aligned")
      }
      // As whole numbers, toward zero.
      if abs(point.value - (below?.value ?? 0)) >= 1 { count += 1 }
      below = point
    }
    return count
  }

  var description: String {
    let text = "\(least)/\(FloatText.fixed(average, places: 3))/\(most)"
    return most == total ? text : "\(text)/\(total)"
  }
}

/// The usage of several histograms.
struct BucketSummary: CustomStringConvertible {
  private var least = Distribution()
  private var average = Distribution()
  private var most = Distribution()
  private var total = Distribution()

  var count: Int { least.count }

  mutating func add(_ usage: BucketUsage) {
    least.add(usage.least)
    average.add(Int(usage.average))
    most.add(usage.most)
    total.add(usage.total)
  }

  var description: String {
    let lines = [
      "histogram series (\(count) in total):", "- min populated: \(least)",
      "- avg populated: \(average)", "- max populated: \(most)",
    ]
    return (lines + (most == total ? [] : ["- total: \(total)"])).joined(separator: "\n")
  }

  private struct Distribution: Equatable, CustomStringConvertible {
    private var least = Int.max
    private var most = 0
    private var average = 0.0
    private(set) var count = 0

    mutating func add(_ number: Int) {
      least = min(least, number)
      most = max(most, number)
      count += 1
      average += (Double(number) - average) / Double(count)
    }

    var description: String { "\(least)/\(FloatText.fixed(average, places: 3))/\(most)" }
  }
}
