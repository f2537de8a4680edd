import ApusModel
import ApusStorage
import ApusTSDB

/// The value of a sample, as two of them are compared: bit by bit.
enum ModelValue: Equatable {
  case float(UInt64)
  case histogram(ComparableHistogram)
  /// Of either kind: the store may give a series of histograms one of its own kind.
  case stale

  init(_ value: Double) {
    self = StaleMarker.isStale(value) ? .stale : .float(value.bitPattern)
  }

  init(_ histogram: FloatHistogram) {
    self =
      StaleMarker.isStale(histogram.sum) ? .stale : .histogram(ComparableHistogram(histogram))
  }
}

/// What of a native histogram must come back, however its buckets were laid out meanwhile.
struct ComparableHistogram: Equatable {
  private let sum: UInt64
  private let numbers: [UInt64]
  private let positive: [Int32: UInt64]
  private let negative: [Int32: UInt64]

  init(_ h: FloatHistogram) {
    sum = h.sum.bitPattern
    numbers =
      [UInt64(bitPattern: Int64(h.schema))]
      + ([h.zeroThreshold, h.zeroCount, h.count] + h.customBounds).map(\.bitPattern)
    positive = Self.buckets(h.positiveSpans, h.positiveBuckets)
    negative = Self.buckets(h.negativeSpans, h.negativeBuckets)
  }

  /// Counts by bucket; empty ones are left out, for a chunk may add them.
  private static func buckets(
    _ spans: [FloatHistogram.Span], _ counts: [Double]
  ) -> [Int32: UInt64] {
    var found: [Int32: UInt64] = [:]
    var index: Int32 = 0
    var place = 0
    for span in spans {
      index += span.offset
      for _ in 0..<span.length {
        if counts[place] != 0 { found[index] = counts[place].bitPattern }
        index += 1
        place += 1
      }
    }
    return found
  }
}

/// A store that is a dictionary: what the real one must agree with.
struct StoreModel {
  struct Sample {
    var value: ModelValue
    /// Whether it must be there; if not, it may be.
    var isSure = true
  }

  struct Series {
    var samples: [Int64: Sample] = [:]
    /// Of the newest sample ever stored, also if it was deleted since.
    var last: (time: Int64, value: ModelValue)?
    /// What `last` may be, or not, since the power went.
    var hiddenLast: Int64?
    /// As `last`, but of what a sync made durable.
    var syncedLast: (time: Int64, value: ModelValue)?
  }

  var series: [Labels: Series] = [:]
  /// Of what the head holds or held; `.min` while it is empty.
  var maxTime = Int64.min
  /// End of the blocks.
  var floor = Int64.min
  /// What is older may be gone by retention.
  var horizon = Int64.min
  let chunkRangeMs: Int64
  /// How far behind the newest sample others are taken; 0 for not at all.
  let windowMs: Int64
  /// Samples stored since the last sync of the log.
  private var unsynced: [(labels: Labels, time: Int64)] = []
  /// Samples deleted since.
  private var deleted: [(labels: Labels, time: Int64, value: ModelValue)] = []

  init(_ options: TSDBOptions) {
    chunkRangeMs = options.blockMinMs
    windowMs = options.outOfOrderWindowMs
  }

  /// Oldest time that is accepted.
  var minValidTime: Int64 { maxTime == .min ? floor : max(floor, maxTime - chunkRangeMs / 2) }

  /// Keys in an order that is the same in each run.
  var sortedLabels: [Labels] { series.keys.sorted() }
}

// MARK: appending

extension StoreModel {
  /// What a store may do with a sample.
  enum Verdict: Equatable {
    case store
    /// Behind others of its series.
    case storeLate
    case ignore
    case reject(AppendError)
    /// Stored, or judged against a sample that the loss of power took.
    case unclear
  }

  /// Prometheus's rules, as plainly as they can be written.
  func judge(_ labels: Labels, _ time: Int64, _ value: ModelValue, minValid: Int64) -> Verdict {
    let last = series[labels]?.last
    if time >= minValid {
      if let hidden = series[labels]?.hiddenLast, time <= hidden, time > last?.time ?? .min {
        return .unclear
      }
      guard let last, time <= last.time else { return .store }
      if time == last.time { return last.value == value ? .ignore : .reject(.duplicate) }
    }
    if windowMs > 0 { return time >= maxTime - windowMs ? .storeLate : .reject(.tooOld) }
    return .reject(time < minValid ? .outOfBounds : .outOfOrder)
  }

  mutating func store(_ labels: Labels, _ time: Int64, _ value: ModelValue, isSure: Bool = true) {
    series[labels, default: Series()].samples[time] = Sample(value: value, isSure: isSure)
    if time > series[labels]?.last?.time ?? .min { series[labels]?.last = (time, value) }
    unsynced.append((labels, time))
  }

  mutating func storeLate(_ labels: Labels, _ time: Int64, _ value: ModelValue) {
    guard series[labels]?.samples[time] == nil else { return }
    series[labels, default: Series()].samples[time] = Sample(value: value)
    unsynced.append((labels, time))
  }

  /// A sample of a batch that was neither acknowledged nor refused, because the process died.
  mutating func mayHaveStored(_ labels: Labels, _ time: Int64, _ value: ModelValue) {
    if series[labels]?.samples[time] != nil { return }
    series[labels, default: Series()].samples[time] = Sample(value: value, isSure: false)
    let known = max(series[labels]?.hiddenLast ?? .min, series[labels]?.last?.time ?? .min)
    if time > known { series[labels]?.hiddenLast = time }
  }
}

// MARK: deleting

extension StoreModel {
  /// - Parameter isSure: false where the deletion failed half-way.
  mutating func delete(_ range: TimeRange, _ matchers: [LabelMatcher], isSure: Bool) {
    for labels in sortedLabels where matchers.allSatisfy({ $0.matches(labels) }) {
      for time in (series[labels]?.samples ?? [:]).keys where range.contains(time) {
        guard let sample = series[labels]?.samples[time] else { continue }
        if isSure {
          series[labels]?.samples[time] = nil
          deleted.append((labels, time, sample.value))
        } else {
          series[labels]?.samples[time]?.isSure = false
        }
      }
    }
  }
}

// MARK: durability

extension StoreModel {
  /// All that is stored now is durable.
  mutating func synced() {
    for (labels, one) in series { series[labels]?.syncedLast = one.last }
    unsynced.removeAll()
    deleted.removeAll()
  }

  /// What was not synced may be gone, and what was deleted since may be back.
  mutating func losePower() {
    for (labels, time) in unsynced { series[labels]?.samples[time]?.isSure = false }
    for (labels, time, value) in deleted where series[labels]?.samples[time] == nil {
      series[labels]?.samples[time] = Sample(value: value, isSure: false)
    }
    for (labels, one) in series {
      let newest = max(one.last?.time ?? .min, one.hiddenLast ?? .min)
      series[labels]?.last = one.syncedLast
      if newest != .min { series[labels]?.hiddenLast = newest }
    }
    synced()
  }

  /// Takes over what the store has, where either was possible; what was not is reported.
  mutating func reconcile(_ answers: [Answer]) -> [String] {
    var wrong: [String] = []
    var found: [Labels: [Int64: ModelValue]] = [:]
    for answer in answers {
      if found[answer.labels] != nil { wrong.append("\(answer.labels) is given twice") }
      found[answer.labels] = Dictionary(answer.samples, uniquingKeysWith: { first, _ in first })
      if !answer.isAscending { wrong.append("\(answer.labels) is not in order of time") }
    }
    for labels in found.keys.sorted() where series[labels] == nil {
      wrong.append("\(labels) was never stored")
    }
    for labels in sortedLabels {
      wrong += reconcile(labels, found[labels] ?? [:])
    }
    return wrong
  }

  private mutating func reconcile(_ labels: Labels, _ there: [Int64: ModelValue]) -> [String] {
    guard var mine = series[labels] else { return [] }
    var wrong: [String] = []
    for (time, value) in there.sorted(by: { $0.key < $1.key }) {
      guard let sample = mine.samples[time] else {
        wrong.append("\(labels) has a sample at \(time) that was never stored, or deleted")
        continue
      }
      if sample.value != value {
        wrong.append("\(labels) at \(time) has another value: \(value), not \(sample.value)")
      }
      // It may stand in memory only.
      if !sample.isSure { unsynced.append((labels, time)) }
      mine.samples[time]?.isSure = true
      guard time > mine.last?.time ?? .min else { continue }
      // It may have come late, and then says nothing about the newest one in order.
      if windowMs > 0 {
        mine.hiddenLast = max(mine.hiddenLast ?? .min, time)
      } else {
        mine.last = (time, value)
      }
    }
    for (time, sample) in mine.samples.sorted(by: { $0.key < $1.key }) where there[time] == nil {
      if sample.isSure && time >= horizon {
        wrong.append("\(labels) at \(time) is lost; it was \(sample.value)")
      }
      if !sample.isSure { mine.samples[time] = nil }
    }
    if let hidden = mine.hiddenLast, hidden <= mine.last?.time ?? .min { mine.hiddenLast = nil }
    series[labels] = mine
    return wrong
  }

  /// Newest time of what must be there, and of what may be.
  var maxTimeBounds: (sure: Int64, possible: Int64) {
    var bounds = (sure: Int64.min, possible: Int64.min)
    for one in series.values {
      bounds.sure = max(bounds.sure, one.last?.time ?? .min)
      bounds.possible = max(bounds.possible, one.last?.time ?? .min, one.hiddenLast ?? .min)
    }
    return bounds
  }
}

// MARK: answers

extension StoreModel {
  func answers(_ matchers: [LabelMatcher], in range: TimeRange) -> [Answer] {
    var all: [Answer] = []
    for labels in sortedLabels where matchers.allSatisfy({ $0.matches(labels) }) {
      let samples = (series[labels]?.samples ?? [:]).filter { range.contains($0.key) }
      guard !samples.isEmpty else { continue }
      all.append(
        Answer(
          labels: labels,
          samples: samples.sorted { $0.key < $1.key }.map { ($0.key, $0.value.value) }))
    }
    return all
  }
}
