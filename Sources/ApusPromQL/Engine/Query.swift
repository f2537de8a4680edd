internal import ApusModel
internal import ApusPromQLSyntax
internal import ApusStorage
internal import ApusSystem
internal import Synchronization

/// Tells a running query that nobody waits for it any more. Set from any thread.
package final class CancellationFlag: Sendable {
  private let flag = Atomic<Bool>(false)
  private let whole: CancellationFlag?

  package init() { whole = nil }

  /// Of a part of a query: set with that of the whole, too.
  init(within whole: CancellationFlag) { self.whole = whole }

  package func cancel() { flag.store(true, ordering: .relaxed) }

  package var isCancelled: Bool {
    flag.load(ordering: .relaxed) || whole?.isCancelled ?? false
  }
}

/// One running query: what its operators share. Belongs to the thread that runs it.
final class Query {
  let text: String
  let querier: any Querier
  let options: EngineOptions
  let lookbackMs: Int64
  /// A range query, even if of one step.
  var isRange = false
  /// Nested so deeply that it runs on a large stack.
  var isDeep = false
  /// The second part of a query whose first steps are evaluated elsewhere.
  var isContinued = false
  /// Measures the operators, where an explanation is wanted.
  var recorder: ExplainRecorder?
  /// Parts that stand in the query more than once.
  var sharedParts: SharedParts?
  /// How far behind the running part the others lie for which it is computed, itself among them.
  var positionShifts = [0]
  private let clock: any WallClock
  private let deadlineNs: UInt64
  private let cancellation: CancellationFlag

  private(set) var annotations = Annotations()
  private var forced: [ForcedMonotonicity] = []
  /// Samples held at this moment.
  private(set) var samplesHeld = 0
  private(set) var samplesPeak = 0
  /// Most samples held since somebody set it.
  var samplesHigh = 0
  private(set) var samplesTouched = 0
  private(set) var samplesSelected = 0
  /// Samples read from the store.
  private(set) var samplesRead = 0
  /// Samples that operators have loaded, whatever of them is told in the end.
  var samplesLoaded = 0
  /// Samples touched, and read, at each step of the query, where asked for.
  private(set) var touchedPerStep: [Int]?
  private var readPerStep: [Int]?
  private let bounds: Timeline

  init(
    text: String, querier: any Querier, options: EngineOptions, clock: any WallClock,
    cancellation: CancellationFlag, limits: QueryLimits
  ) {
    self.text = text
    self.querier = querier
    self.options = options
    self.clock = clock
    self.cancellation = cancellation
    lookbackMs = limits.lookbackMs
    deadlineNs = limits.deadlineNs
    bounds = limits.bounds
    if limits.countsPerStep {
      touchedPerStep = [Int](repeating: 0, count: limits.bounds.count)
      readPerStep = touchedPerStep
    }
  }

  /// To be called often, at least once for every series.
  func checkpoint() throws(QueryError) {
    if cancellation.isCancelled {
      throw .canceled("query was canceled in expression evaluation")
    }
    if clock.monotonicNs > deadlineNs {
      throw .timeout("query timed out in expression evaluation")
    }
  }
}

/// What bounds one query.
struct QueryLimits {
  var lookbackMs: Int64
  /// On the clock's monotonic scale.
  var deadlineNs: UInt64
  var bounds: Timeline
  var countsPerStep: Bool
}

// Samples.
extension Query {
  /// Samples are kept from now on, until they are released.
  func hold(_ count: Int) throws(QueryError) {
    samplesHeld += count
    if samplesHeld > samplesPeak { samplesPeak = samplesHeld }
    if samplesHeld > samplesHigh { samplesHigh = samplesHeld }
    if samplesHeld > options.maxSamples { throw .tooManySamples }
  }

  func release(_ count: Int) { samplesHeld -= count }

  /// Samples count for a step of the query.
  func touch(_ count: Int, at timeMs: Int64) {
    samplesTouched += count
    if touchedPerStep != nil, let step = step(at: timeMs) { touchedPerStep?[step] += count }
  }

  /// Samples count, whatever the step.
  func touch(_ count: Int) {
    samplesTouched += count
    samplesLoaded += count
  }

  /// Samples were read for a step of the query.
  func read(_ count: Int, at timeMs: Int64) {
    samplesRead += count
    if readPerStep != nil, let step = step(at: timeMs) { readPerStep?[step] += count }
  }

  private func step(at timeMs: Int64) -> Int? {
    let step = Int((timeMs &- bounds.startMs) / bounds.stepMs)
    return step >= 0 && step < bounds.count ? step : nil
  }

  var countsPerStep: Bool { touchedPerStep != nil }

  /// A selector or window function has made a row of so many points. They need not be held, but
  /// Prometheus holds them, and says so in its statistics.
  func countSelected(_ count: Int) { samplesSelected += count }

  var statistics: QueryStatistics {
    var statistics = QueryStatistics()
    statistics.totalQueryableSamples = samplesTouched
    statistics.peakSamples = max(samplesPeak, samplesSelected)
    statistics.samplesRead = samplesRead
    statistics.samplesPerStep = touchedPerStep.map(perStep)
    statistics.samplesReadPerStep = readPerStep.map(perStep)
    return statistics
  }

  private func perStep(_ counts: [Int]) -> [(timeMs: Int64, samples: Int)] {
    counts.enumerated().map { (timeMs: bounds.timeMs($0.offset), samples: $0.element) }
  }
}

/// What a part of a query that was evaluated by itself adds to the whole.
struct QueryNotes: Sendable {
  var annotations: Annotations
  var forced: [ForcedMonotonicity]
  var touched: Int
  var read: Int
  var selected: Int
  var peak: Int
}

extension Query {
  var notes: QueryNotes {
    QueryNotes(
      annotations: annotations, forced: forced, touched: samplesTouched,
      read: samplesRead, selected: samplesSelected, peak: samplesPeak)
  }

  /// Takes over what a part has noticed and counted, after those before it.
  func absorb(_ notes: QueryNotes) {
    annotations.merge(notes.annotations)
    for entry in notes.forced { add(entry) }
    samplesTouched += notes.touched
    samplesRead += notes.read
    samplesSelected += notes.selected
    samplesPeak += notes.peak
  }
}

// Warnings and infos.
extension Query {
  func warn(_ text: String, _ range: SourceRange) {
    for shift in positionShifts {
      let position = SourcePosition.text(of: range.start + shift, in: self.text)
      annotations.warn("PromQL warning: \(text) (\(position))")
    }
  }

  func inform(_ text: String, _ range: SourceRange) {
    for shift in positionShifts {
      let position = SourcePosition.text(of: range.start + shift, in: self.text)
      annotations.inform("PromQL info: \(text) (\(position))")
    }
  }
}

/// Where and how often classic histograms had to be mended: one info for each metric.
struct ForcedMonotonicity: Sendable {
  var text: String
  var position: SourceRange
  var minBound: Double
  var maxBound: Double
  var maxDifference: Double
  var firstMs: Int64
  var lastMs: Int64
  var count: Int
}

extension Query {
  func informForcedMonotonicity(
    _ suffix: String, _ position: SourceRange, _ repair: ClassicBuckets.Repair, atMs: Int64
  ) {
    for shift in positionShifts {
      noteForcedMonotonicity(
        suffix, SourceRange(position.start + shift, position.end + shift), repair, atMs: atMs)
    }
  }

  private func noteForcedMonotonicity(
    _ suffix: String, _ position: SourceRange, _ repair: ClassicBuckets.Repair, atMs: Int64
  ) {
    let text =
      "input to histogram_quantile needed to be fixed for monotonicity (see "
      + "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)"
      + suffix
    add(
      ForcedMonotonicity(
        text: text, position: position, minBound: repair.minBound,
        maxBound: repair.maxBound, maxDifference: repair.maxDifference, firstMs: atMs,
        lastMs: atMs, count: 1))
  }

  private func add(_ entry: ForcedMonotonicity) {
    guard
      let place = forced.firstIndex(where: {
        $0.text == entry.text && $0.position == entry.position
      })
    else {
      forced.append(entry)
      return
    }
    forced[place].minBound = min(forced[place].minBound, entry.minBound)
    forced[place].maxBound = max(forced[place].maxBound, entry.maxBound)
    forced[place].maxDifference = max(forced[place].maxDifference, entry.maxDifference)
    forced[place].firstMs = min(forced[place].firstMs, entry.firstMs)
    forced[place].lastMs = max(forced[place].lastMs, entry.lastMs)
    forced[place].count += entry.count
  }

  /// All annotations, at most ten of each kind.
  /// Source: Prometheus, util/annotations/annotations.go.
  func finishedAnnotations() -> Annotations {
    for entry in forced {
      inform(
        "\(entry.text), from buckets \(FloatText.g(entry.minBound)) to "
          + "\(FloatText.g(entry.maxBound)), with a max diff of "
          + "\(RoundedText.twoDigits(entry.maxDifference)), over \(entry.count) samples from "
          + "\(TimeText.rfc3339(entry.firstMs)) to \(TimeText.rfc3339(entry.lastMs))",
        entry.position)
    }
    forced = []
    var capped = Annotations()
    for text in annotations.warnings.prefix(Limits.annotationsMax) { capped.warn(text) }
    for text in annotations.infos.prefix(Limits.annotationsMax) { capped.inform(text) }
    let warnings = annotations.warnings.count - Limits.annotationsMax
    let infos = annotations.infos.count - Limits.annotationsMax
    if warnings > 0 { capped.warn("\(warnings) more warning annotations omitted") }
    if infos > 0 { capped.inform("\(infos) more info annotations omitted") }
    return capped
  }
}

// Names.
extension Query {
  /// The series has lost its meaning of the metric it came from: its name goes, at once or, where
  /// that is delayed, at the end.
  func dropName(_ block: inout SeriesBlock) {
    if options.delayedNameRemoval {
      block.dropsName = true
    } else {
      block.labels = block.labels.droppingMetadata()
    }
  }
}
