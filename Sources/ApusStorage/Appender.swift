package import ApusModel

/// Samples to be stored together: all of a scrape, a rule evaluation or a request.
package struct AppendBatch: Sendable {
  /// Parallel columns of float samples.
  package var refs: [SeriesRef] = []
  package var times: [Int64] = []
  package var values: [Double] = []

  /// Native histograms, in columns of their own.
  package var histogramRefs: [SeriesRef] = []
  package var histogramTimes: [Int64] = []
  package var histograms: [FloatHistogram] = []

  package var exemplars: [(ref: SeriesRef, exemplar: Exemplar)] = []
  package var metadata: [(ref: SeriesRef, metadata: MetricMetadata)] = []

  /// Refuses samples that come out of order, also where the store has a window for them: stale
  /// markers of what may have come back since, for example.
  package var discardsOutOfOrder = false

  package init() {}

  package mutating func append(_ ref: SeriesRef, timeMs: Int64, value: Double) {
    refs.append(ref)
    times.append(timeMs)
    values.append(value)
  }

  package mutating func append(_ ref: SeriesRef, timeMs: Int64, histogram: FloatHistogram) {
    histogramRefs.append(ref)
    histogramTimes.append(timeMs)
    histograms.append(histogram)
  }

  package mutating func removeAll() {
    refs.removeAll(keepingCapacity: true)
    times.removeAll(keepingCapacity: true)
    values.removeAll(keepingCapacity: true)
    histogramRefs.removeAll(keepingCapacity: true)
    histogramTimes.removeAll(keepingCapacity: true)
    histograms.removeAll(keepingCapacity: true)
    exemplars.removeAll(keepingCapacity: true)
    metadata.removeAll(keepingCapacity: true)
    discardsOutOfOrder = false
  }
}

/// Why one sample was not taken.
package enum AppendError: Error, Sendable, Equatable {
  /// Older than the newest sample of its series.
  case outOfOrder
  /// Older than the out-of-order window.
  case tooOld
  /// Same time as the newest sample, other value.
  case duplicate
  /// Outside of what the head accepts at all.
  case outOfBounds
  /// The ref is not, or no longer, a series of this store: resolve the labels again.
  case unknownSeries
  /// A native histogram that contradicts itself, with the reason.
  case invalidHistogram(String)
  /// Native histograms are not stored.
  case histogramsDisabled

  /// Prometheus's words.
  package var text: String {
    switch self {
    case .outOfOrder: "out of order sample"
    case .tooOld: "too old sample"
    case .duplicate: "duplicate sample for timestamp"
    case .outOfBounds: "out of bounds"
    case .unknownSeries: "unknown series"
    case .invalidHistogram(let reason): reason
    case .histogramsDisabled: "native histograms are disabled"
    }
  }
}

/// Why an exemplar was not taken.
package enum ExemplarError: Error, Sendable, Equatable {
  /// Older than the newest exemplar of its series.
  case outOfOrder
  /// The newest exemplar of its series again.
  case duplicate
  /// More than 128 characters of labels.
  case tooLong
  case disabled
  /// The ref is not, or no longer, a series of this store.
  case unknownSeries

  /// Prometheus's words.
  package var text: String {
    switch self {
    case .outOfOrder: "out of order exemplar"
    case .duplicate: "duplicate exemplar"
    case .tooLong: "label length for exemplar exceeds maximum of 128 UTF-8 characters"
    case .disabled:
      "exemplar storage is disabled or max exemplars is less than or equal to 0"
    case .unknownSeries: "unknown series"
    }
  }
}

/// What became of a batch: everything was stored but the rejected samples.
package struct AppendOutcome: Sendable {
  package struct Rejection: Sendable {
    /// Index into the float columns, or into the histogram columns.
    package let index: Int
    package let isHistogram: Bool
    package let error: AppendError
    /// The value that a duplicate would have replaced, where that is a float.
    package let existing: Double?

    package init(
      index: Int, isHistogram: Bool, error: AppendError, existing: Double? = nil
    ) {
      self.index = index
      self.isHistogram = isHistogram
      self.error = error
      self.existing = existing
    }

    /// Prometheus's words, with the times and values of the batch that was rejected.
    package func text(in batch: AppendBatch) -> String {
      guard error == .duplicate, !isHistogram, batch.times.indices.contains(index),
        batch.times[index] != 0
      else { return error.text }
      let kept = existing.map(FloatText.g) ?? "is a histogram"
      return "\(error.text) \(batch.times[index]); overrides not allowed: existing \(kept), "
        + "new value \(FloatText.g(batch.values[index]))"
    }
  }

  package var rejections: [Rejection] = []

  /// Exemplars that were not taken, by index. Those that are there already, and any while there is
  /// no room for exemplars at all, are passed over in silence.
  package var exemplarRejections: [(index: Int, error: ExemplarError)] = []

  package init() {}
}

/// Door: takes samples. Safe to call from any thread; blocking for as long as a write to the log
/// takes (microseconds).
package protocol Appender: Sendable {
  /// The refs of series, in order; those that do not exist yet are made. A series made here that
  /// never gets a sample goes away with the next head truncation.
  func resolve(_ series: [Labels]) throws(StorageError) -> [SeriesRef]

  /// Stores a batch: logged first, then visible to queries all at once. When this returns, the
  /// batch survives the death of the process.
  func append(_ batch: AppendBatch) throws(StorageError) -> AppendOutcome
}
