internal import ApusModel
internal import ApusStorage
internal import ApusTSDB
internal import ArgumentParser

/// `tsdb analyze [<db path>] [<block id>]`
struct TSDBAnalyze: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "analyze",
    abstract: "Analyze churn, label pair cardinality and compaction efficiency.")

  @OptionGroup var global: GlobalOptions

  @Option(help: "How many items to show in each list.") var limit = 20

  @Argument(help: "Database path (default is data/).") var path = "data/"

  @Argument(help: "Block to analyze (default is the last block).") var blockID = ""

  func run() throws {
    let blocks = try DataBlocks.open(path)
    let wanted =
      blockID.isEmpty ? blocks.last : blocks.first { $0.ulid.description == blockID }
    guard let block = wanted else {
      Output.errorLine(blocks.isEmpty && blockID.isEmpty ? "no blocks found" : "block not found")
      throw ExitCode(ExitStatus.failure)
    }
    do {
      for line in try BlockAnalysis(block).report(limit: limit) { Output.line(line) }
    } catch {
      Output.errorLine("\(error)")
      throw ExitCode(ExitStatus.failure)
    }
  }
}

/// What is in a block's index, counted.
struct BlockAnalysis {
  private let block: Block
  private var uncoveredByName: [String: UInt64] = [:]
  private var uncoveredByPair: [String: UInt64] = [:]
  private var countByPair: [String: UInt64] = [:]
  private var seriesByMetric: [String: UInt64] = [:]
  private var entries = 0

  init(_ block: Block) throws(StorageError) {
    self.block = block
    let durationMs = block.meta.maxTimeMs - block.meta.minTimeMs
    var entry = SeriesEntry()
    for id in try block.index.allPostings() {
      try block.index.read(id, into: &entry)
      guard let first = entry.chunks.first, let last = entry.chunks.last else { continue }
      // How much of the block's time the series does not cover.
      let uncovered = UInt64(clamping: durationMs - (last.maxTimeMs - first.minTimeMs))
      let labels = try block.index.labels(of: entry)
      for label in labels {
        let pair = "\(label.name)=\(label.value)"
        uncoveredByName[label.name, default: 0] += uncovered
        uncoveredByPair[pair, default: 0] += uncovered
        countByPair[pair, default: 0] += 1
        entries += 1
      }
      seriesByMetric[labels.metricName, default: 0] += 1
    }
    seriesByMetric[""] = nil
  }

  func report(limit: Int) throws(StorageError) -> [String] {
    let meta = block.meta
    let names = block.index.labelNames
    let durationMs = meta.maxTimeMs - meta.minTimeMs
    func shares(_ uncovered: [String: UInt64]) -> [String: UInt64] {
      uncovered.mapValues { durationMs > 0 ? UInt64(Double($0) / Double(durationMs)) : 0 }
    }
    var lengths: [String: UInt64] = [:]
    var counts: [String: UInt64] = [:]
    for name in names {
      guard let values = try block.index.values(of: name) else { continue }
      counts[name] = UInt64(values.count)
      lengths[name] = (0..<values.count).reduce(0) { sum, at in
        sum + UInt64(values.withValue(at) { $0.count })
      }
    }
    return [
      "Block ID: \(meta.ulid)", "Duration: \(GoDuration.text(ms: durationMs))",
      "Total Series: \(meta.stats.seriesCount)", "Label names: \(names.count)",
      "Postings (unique label pairs): \(countByPair.count)",
      "Postings entries (total label pairs): \(entries)",
    ] + list("Label pairs most involved in churning:", shares(uncoveredByPair), limit)
      + list("Label names most involved in churning:", shares(uncoveredByName), limit)
      + list("Most common label pairs:", countByPair, limit)
      + list("Label names with highest cumulative label value length:", lengths, limit)
      + list("Highest cardinality labels:", counts, limit)
      + list("Highest cardinality metric names:", seriesByMetric, limit)
  }

  private func list(_ title: String, _ counts: [String: UInt64], _ limit: Int) -> [String] {
    let sorted = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    return ["", title] + sorted.prefix(limit).map { "\($0.value) \($0.key)" }
  }
}
