internal import ApusModel
internal import ApusPromQLSyntax
internal import ApusStorage
internal import ApusTSDB
internal import ArgumentParser

/// `tsdb analyze [<db path>] [<block id>]`
struct TSDBAnalyze: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "analyze",
    abstract: "Analyze churn, label pair cardinality and compaction efficiency.")

  @OptionGroup var global: GlobalOptions

  @Option(help: "How many items to show in each list.") var limit: CountFlag = 20

  @Flag(help: "Run extended analysis.") var extended = false

  @Option(help: "Series selector to analyze. Only 1 set of matchers is supported now.")
  var match = ""

  @Argument(help: "Database path (default is data/).") var path = "data/"

  @Argument(help: "Block to analyze (default is the last block).") var blockID = ""

  func run() throws {
    let matchers: [LabelMatcher]
    do {
      matchers = match.isEmpty ? [] : try Parser.parseMetricSelector(match)
    } catch {
      throw CommandFailure(error.description)
    }
    let block = try DataBlocks.open(blockID, in: path)
    do {
      let analysis = try BlockAnalysis(block, matchers: matchers, isExtended: extended)
      Output.line(analysis.report(matcher: match, limit: limit.count).joined(separator: "\n"))
    } catch {
      throw CommandFailure(error.description)
    }
  }
}

/// What is in a block's index, counted.
struct BlockAnalysis {
  private let meta: BlockMeta
  private var seriesCount = 0
  private var entryCount = 0
  private var uncoveredByName: [String: UInt64] = [:]
  private var uncoveredByPair: [String: UInt64] = [:]
  private var countByPair: [String: UInt64] = [:]
  private var seriesByMetric: [String: UInt64] = [:]
  private var valuesByName: [String: Set<String>] = [:]
  private var census: ChunkCensus?

  /// - Parameter matchers: of the series that count; none for all.
  init(_ block: Block, matchers: [LabelMatcher], isExtended: Bool) throws(StorageError) {
    meta = block.meta
    if isExtended { census = ChunkCensus() }
    let durationMs = UInt64(clamping: meta.maxTimeMs - meta.minTimeMs)
    let ids =
      matchers.isEmpty
      ? try block.index.allPostings() : try PostingsSelection(block.index).select(matchers)
    var entry = SeriesEntry()
    for id in ids {
      try block.index.read(id, into: &entry)
      seriesCount += 1
      // How much of the block's time the series does not cover.
      let first = entry.chunks.first?.minTimeMs ?? meta.minTimeMs
      let last = entry.chunks.last?.maxTimeMs ?? meta.minTimeMs
      let (covered, overflow) = last.subtractingReportingOverflow(first)
      let uncovered = overflow ? 0 : durationMs - min(durationMs, UInt64(clamping: covered))
      let labels = try block.index.labels(of: entry)
      for label in labels { add(label, uncovered: uncovered) }
      let name = labels.metricName
      if !name.isEmpty { seriesByMetric[name, default: 0] += 1 }
      try census?.add(entry, of: block)
    }
  }

  private mutating func add(_ label: Label, uncovered: UInt64) {
    let pair = "\(label.name)=\(label.value)"
    // A block of millions of years may say so of many series.
    uncoveredByName[label.name, default: 0] &+= uncovered
    uncoveredByPair[pair, default: 0] &+= uncovered
    countByPair[pair, default: 0] += 1
    valuesByName[label.name, default: []].insert(label.value)
    entryCount += 1
  }

  /// The lines of promtool's report.
  func report(matcher: String, limit: Int) -> [String] {
    var lines = [
      "Block ID: \(meta.ulid)", "Duration: \(GoDuration.text(ms: meta.maxTimeMs - meta.minTimeMs))",
      "Total Series: \(meta.stats.seriesCount)",
    ]
    if !matcher.isEmpty { lines.append("Matcher: \(matcher)") }
    lines.append("Label names: \(valuesByName.count)")
    if !matcher.isEmpty { lines.append("Matched series: \(seriesCount)") }
    lines += [
      "Postings (unique label pairs): \(countByPair.count)",
      "Postings entries (total label pairs): \(entryCount)",
    ]
    let lengths = valuesByName.mapValues { values in
      values.reduce(UInt64(0)) { $0 + UInt64($1.utf8.count) }
    }
    lines += list("Label pairs most involved in churning:", shares(uncoveredByPair), limit)
    lines += list("Label names most involved in churning:", shares(uncoveredByName), limit)
    lines += list("Most common label pairs:", countByPair, limit)
    lines += list("Label names with highest cumulative label value length:", lengths, limit)
    lines += list(
      "Highest cardinality labels:", valuesByName.mapValues { UInt64($0.count) }, limit)
    lines += list("Highest cardinality metric names:", seriesByMetric, limit)
    if let census { lines += ["", "Compaction analysis:", ""] + ChunkHistogram.lines(of: census) }
    return lines
  }

  /// Times the block's length.
  private func shares(_ uncovered: [String: UInt64]) -> [String: UInt64] {
    let durationMs = meta.maxTimeMs - meta.minTimeMs
    return uncovered.mapValues { durationMs > 0 ? $0 / UInt64(durationMs) : 0 }
  }

  private func list(_ title: String, _ counts: [String: UInt64], _ limit: Int) -> [String] {
    let sorted = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    return ["", title] + sorted.prefix(max(0, limit)).map { "\($0.value) \($0.key)" }
  }
}

/// Distributions as promtool draws them.
enum ChunkHistogram {
  static func lines(of census: ChunkCensus) -> [String] {
    let columns = [
      ("samples per float chunk", census.floatSamples),
      ("bytes per float chunk", census.floatBytes),
      ("samples per histogram chunk", census.histogramSamples),
      ("bytes per histogram chunk", census.histogramBytes),
      ("buckets per histogram chunk", census.histogramBuckets),
    ]
    return columns.flatMap { lines(of: $0.1, title: $0.0, total: census.chunkCount) }
  }

  /// - Parameter total: what is 100 percent.
  static func lines(of numbers: [Int], title: String, total: Int) -> [String] {
    guard let least = numbers.min(), let most = numbers.max() else {
      return ["\(title): N/A", ""]
    }
    var step = 10
    while step < (most - least) / 10, step <= 10_000 { step *= 10 }
    let start = least - least % step
    let end = most - most % step + step
    var buckets = [Int](repeating: 0, count: (end - start) / step + 1)
    for number in numbers { buckets[(number - start) / step] += 1 }
    let average = numbers.reduce(0, +) / numbers.count
    let leftWidth = "\(end)".count
    let rightWidth = "\(end + step)".count
    let countWidth = "\(buckets.max() ?? 0)".count
    let rows = buckets.enumerated().map { index, count in
      "[\(right("\(index * step + start + 1)", leftWidth)), "
        + "\(right("\((index + 1) * step + start)", rightWidth))]: "
        + "\(right("\(count)", countWidth)) "
        + String(repeating: "#", count: 100 * count / max(1, total))
    }
    return ["\(title) (min/avg/max): \(least)/\(average)/\(most)"] + rows + [""]
  }

  private static func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
