internal import ApusExposition
internal import ApusModel
internal import ApusStorage
internal import ApusSystem
internal import ApusTSDB
internal import ArgumentParser

/// `tsdb create-blocks-from openmetrics <input file> [<output directory>]`
struct CreateBlocksFromOpenMetrics: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "openmetrics",
    abstract: """
      Import samples from OpenMetrics input and produce TSDB blocks. Please refer to the storage \
      docs for more details.
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var options: CreateBlocksOptions

  @Option(
    help: """
      Label to attach to metrics. Can be specified multiple times. Example \
      --label=label_name=label_value
      """)
  var label: [String] = []

  @Argument(
    help: ArgumentHelp("OpenMetrics file to read samples from.", valueName: "input file"))
  var input: String

  @Argument(help: "Output directory for generated blocks.") var output = "data/"

  func run() throws {
    let blockMs = try options.blockMs()
    let labels = try LabelFlags.parse(label)
    let bytes: ByteSlice
    do throws(PosixError) {
      // Mapped: however long the file is, it takes no memory of its own.
      bytes = try PosixFileSystem().map(input)
    } catch {
      throw CommandFailure("try lock file: open \(input): \(error.reason)")
    }
    let blocks = try BlockOutput(directory: output, options: options)
    let source = OpenMetricsInput(bytes, labels: labels)
    for part in try source.parts(blockMs: blockMs) {
      let samples = try source.read(part, blockMs: blockMs)
      do throws(StorageError) {
        try blocks.write(samples)
      } catch {
        throw CommandFailure("block creation: process blocks: \(error)")
      }
    }
  }
}

/// `--label name=value`, any number of them.
enum LabelFlags {
  static func parse(_ texts: [String]) throws -> [Label] {
    try texts.map { text in
      guard let equals = text.firstIndex(of: "=") else {
        throw ValidationError("expected KEY=VALUE got '\(text)'")
      }
      guard equals > text.startIndex else {
        throw ValidationError("expected KEY=VALUE got '\(text)'")
      }
      return Label(String(text[..<equals]), String(text[text.index(after: equals)...]))
    }
  }
}

/// A text of samples with times, read block by block.
///
/// The first pass finds which blocks there will be and in what part of the text their samples
/// stand; then only that part is read for each. Texts that run through time are so read twice
/// altogether, and of one block no more is held than its samples, encoded.
struct OpenMetricsInput {
  /// Where the samples of one block stand.
  struct Part: Equatable {
    let startMs: Int64
    /// Of the first and behind the last line.
    var bytes: Range<Int>
    /// What the last `# TYPE` line before said.
    let kind: MetricMetadata.Kind
  }

  private let bytes: ByteSlice
  /// Added to every sample, in place of labels of the same name.
  private let labels: [Label]

  /// Samples until what is added counts as committed, as in promtool.
  private static let samplesPerCommit = 5_000

  init(_ bytes: ByteSlice, labels: [Label] = []) {
    self.bytes = bytes
    self.labels = labels
  }

  /// The blocks that the text makes, by time.
  func parts(blockMs: Int64) throws -> [Part] {
    var parts: [Int64: Part] = [:]
    var parser = ExpositionParser(bytes.span, format: .openMetrics)
    while true {
      let start = parser.at
      let entry: Entry
      do throws(ExpositionError) {
        entry = try parser.next()
      } catch {
        throw CommandFailure("getting min and max timestamp: next: \(error)")
      }
      if case .end = entry { return parts.values.sorted { $0.startMs < $1.startMs } }
      guard case .series = entry else { continue }
      guard let timeMs = parser.timeMs else {
        throw CommandFailure(
          "getting min and max timestamp: expected timestamp for series got none")
      }
      guard BlockBackfill.canHold(timeMs) else {
        throw CommandFailure(
          "getting min and max timestamp: \(timeMs) ms is out of bounds: no block holds a time so "
            + "far from 1970")
      }
      let blockStart = BlockRange.start(of: timeMs, lengthMs: blockMs)
      if let known = parts[blockStart] {
        parts[blockStart]?.bytes = known.bytes.lowerBound..<parser.at
      } else {
        parts[blockStart] = Part(
          startMs: blockStart, bytes: start..<parser.at, kind: parser.metadataKind)
      }
    }
  }

  /// The samples of one block.
  func read(_ part: Part, blockMs: Int64) throws(CommandFailure) -> BlockBackfill {
    let samples = BlockBackfill()
    var known = SeriesTexts()
    var parser = ExpositionParser(bytes.span, format: .openMetrics, kind: part.kind)
    parser.skip(to: part.bytes.lowerBound)
    var count = 0
    while parser.at < part.bytes.upperBound {
      let series: Labels?
      do throws(ExpositionError) {
        guard case .series = try parser.next() else { continue }
        guard let timeMs = parser.timeMs, timeMs >= part.startMs,
          timeMs - part.startMs < blockMs
        else { continue }
        series = known.number(of: parser.series, in: bytes) == nil ? try parser.labels() : nil
      } catch {
        throw CommandFailure("block creation: process blocks: parse: \(error)")
      }
      if let series {
        known.add(parser.series, samples.number(of: labelled(series)), in: bytes)
      }
      try append(parser.value, parser.timeMs ?? 0, parser.series, known, to: samples)
      count += 1
      if count % Self.samplesPerCommit == 0 { samples.commit() }
    }
    return samples
  }

  private func append(
    _ value: Double, _ timeMs: Int64, _ series: Range<Int>, _ known: SeriesTexts,
    to samples: BlockBackfill
  ) throws(CommandFailure) {
    guard let number = known.number(of: series, in: bytes) else { return }
    do throws(AppendError) {
      try samples.append(number, timeMs: timeMs, value: value)
    } catch {
      throw CommandFailure("block creation: process blocks: add sample: \(error.text)")
    }
  }

  private func labelled(_ series: Labels) -> Labels {
    if labels.isEmpty { return series }
    var builder = LabelsBuilder(series)
    for label in labels { builder.set(label.name, label.value) }
    return builder.labels()
  }
}

/// The numbers of series by how they are written, so that labels are decoded once for each.
private struct SeriesTexts {
  private var known: [UInt64: [(text: Range<Int>, number: Int)]] = [:]

  func number(of text: Range<Int>, in bytes: ByteSlice) -> Int? {
    let wanted = bytes.span.extracting(text)
    return known[XXHash64.hash(wanted)]?.first { entry in
      compareBytes(bytes.span.extracting(entry.text), wanted) == 0
    }?.number
  }

  mutating func add(_ text: Range<Int>, _ number: Int, in bytes: ByteSlice) {
    known[XXHash64.hash(bytes.span.extracting(text)), default: []].append((text, number))
  }
}
