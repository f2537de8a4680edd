package import ApusModel
package import ApusStorage
internal import Synchronization

/// A store in plain arrays: what engine tests read from.
///
/// Series are kept in label order. A sample at a time that its series has already is ignored.
package final class MemoryStore: Queryable, Sendable {
  struct Series: Sendable {
    let labels: Labels
    var samples: SampleBatch
  }

  private let series = Mutex<[Labels: Series]>([:])

  package init() {}

  /// Adds the samples of one series, ascending by time.
  package func append(_ labels: Labels, _ samples: SampleBatch) {
    series.withLock { all in
      var entry = all[labels] ?? Series(labels: labels, samples: SampleBatch())
      MemoryStore.merge(samples, into: &entry.samples)
      ResetHints.set(in: &entry.samples)
      all[labels] = entry
    }
  }

  package func querier(in range: TimeRange) throws(StorageError) -> any Querier {
    let all = series.withLock { $0.values.sorted { $0.labels < $1.labels } }
    return MemoryQuerier(series: all)
  }

  package func exemplars(
    in range: TimeRange, matching selectors: [[LabelMatcher]]
  ) throws(StorageError) -> [SeriesExemplars] { [] }

  private static func merge(_ added: SampleBatch, into samples: inout SampleBatch) {
    var starts: [Int64: Int64] = [:]
    for (time, start) in zip(samples.times, samples.startTimes) { starts[time] = start }
    for (time, start) in zip(added.times, added.startTimes) { starts[time] = start }
    let floats = merged(
      samples.times, samples.values, added.times, added.values)
    samples.times = floats.times
    samples.values = floats.values
    samples.startTimes = starts.isEmpty ? [] : floats.times.map { starts[$0] ?? 0 }
    let histograms = merged(
      samples.histogramTimes, samples.histograms, added.histogramTimes, added.histograms)
    samples.histogramTimes = histograms.times
    samples.histograms = histograms.values
  }

  private static func merged<Value>(
    _ times: [Int64], _ values: [Value], _ newTimes: [Int64], _ newValues: [Value]
  ) -> (times: [Int64], values: [Value]) {
    if let last = times.last, let first = newTimes.first, first <= last {
      let known = Set(times)
      var pairs = Array(zip(times, values))
      pairs += zip(newTimes, newValues).filter { !known.contains($0.0) }
      pairs.sort { $0.0 < $1.0 }
      return (pairs.map { $0.0 }, pairs.map { $0.1 })
    }
    return (times + newTimes, values + newValues)
  }
}

/// What a store of chunks knows of counter resets: the first histogram of a chunk nothing, every
/// later one that there was none, as a reset would have begun a new chunk.
private enum ResetHints {
  static func set(in samples: inout SampleBatch) {
    var previous: (timeMs: Int64, histogram: FloatHistogram)?
    for i in samples.histograms.indices {
      let timeMs = samples.histogramTimes[i]
      let histogram = samples.histograms[i]
      if StaleMarker.isStale(histogram.sum) { continue }
      if histogram.resetHint == .gauge {
        previous = nil
        continue
      }
      var isContinued = false
      if let previous {
        let hasFloatBetween = samples.times.contains { $0 > previous.timeMs && $0 < timeMs }
        isContinued =
          !hasFloatBetween && histogram.resetHint != .reset
          && fits(histogram, previous.histogram)
      }
      var plain = histogram
      plain.resetHint = .unknown
      previous = (timeMs, plain)
      samples.histograms[i].resetHint = isContinued ? .notReset : .unknown
    }
  }

  private static func fits(_ later: FloatHistogram, _ earlier: FloatHistogram) -> Bool {
    var plain = later
    plain.resetHint = .unknown
    return plain.schema == earlier.schema && plain.zeroThreshold == earlier.zeroThreshold
      && plain.customBounds == earlier.customBounds && !plain.detectReset(earlier)
  }
}

private struct MemoryQuerier: Querier {
  let series: [MemoryStore.Series]

  func select(
    _ matchers: [LabelMatcher], in range: TimeRange, hints: SelectHints
  ) throws(StorageError) -> any SeriesCursor {
    let found = series.filter { entry in
      matchers.allSatisfy { $0.matches(entry.labels) }
        && (entry.samples.times.contains(where: range.contains)
          || entry.samples.histogramTimes.contains(where: range.contains))
    }
    return MemoryCursor(found, range)
  }

  func labelNames(
    matching matchers: [LabelMatcher], limit: Int
  ) throws(StorageError) -> [String] {
    let names = Set(matching(matchers).flatMap { $0.labels.map { $0.name } }).sorted()
    return limit > 0 ? Array(names.prefix(limit)) : names
  }

  func labelValues(
    of name: String, matching matchers: [LabelMatcher], limit: Int
  ) throws(StorageError) -> [String] {
    let values = Set(matching(matchers).compactMap { $0.labels[name] }).sorted()
    return limit > 0 ? Array(values.prefix(limit)) : values
  }

  private func matching(_ matchers: [LabelMatcher]) -> [MemoryStore.Series] {
    series.filter { entry in matchers.allSatisfy { $0.matches(entry.labels) } }
  }
}

private final class MemoryCursor: SeriesCursor {
  private let series: [MemoryStore.Series]
  private let range: TimeRange
  private var at = -1

  init(_ series: [MemoryStore.Series], _ range: TimeRange) {
    self.series = series
    self.range = range
  }

  func next() throws(StorageError) -> Bool {
    at += 1
    return at < series.count
  }

  var labels: Labels { series[at].labels }

  func labels(keeping names: [String]) -> Labels {
    Labels(series[at].labels.filter { names.contains($0.name) })
  }

  func read(into batch: inout SampleBatch) throws(StorageError) {
    let samples = series[at].samples
    let floats = indices(samples.times)
    batch.times += samples.times[floats]
    batch.values += samples.values[floats]
    if !samples.startTimes.isEmpty { batch.startTimes += samples.startTimes[floats] }
    let histograms = indices(samples.histogramTimes)
    batch.histogramTimes += samples.histogramTimes[histograms]
    batch.histograms += samples.histograms[histograms]
  }

  private func indices(_ times: [Int64]) -> Range<Int> {
    let low = firstIndex(times) { $0 >= range.minMs }
    let high = firstIndex(times) { $0 > range.maxMs }
    return low..<max(low, high)
  }

  private func firstIndex(_ times: [Int64], _ isReached: (Int64) -> Bool) -> Int {
    var low = 0
    var high = times.count
    while low < high {
      let middle = (low + high) / 2
      if isReached(times[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }

  func latest(
    atMs: Int64, newerThanMs oldestMs: Int64
  ) throws(StorageError) -> LatestSample? {
    let samples = series[at].samples
    let float = firstIndex(samples.times) { $0 > atMs } - 1
    let histogram = firstIndex(samples.histogramTimes) { $0 > atMs } - 1
    let floatMs = float >= 0 ? samples.times[float] : Int64.min
    let histogramMs = histogram >= 0 ? samples.histogramTimes[histogram] : Int64.min
    let newestMs = max(floatMs, histogramMs)
    guard newestMs > oldestMs, newestMs != Int64.min else { return nil }
    return floatMs >= histogramMs
      ? LatestSample(timeMs: floatMs, value: .float(samples.values[float]))
      : LatestSample(timeMs: histogramMs, value: .histogram(samples.histograms[histogram]))
  }
}
