import ApusModel
import ApusStorage
import ApusTesting

/// Series of native histograms with all that makes trouble: resets, changes of resolution and of
/// the zero bucket, custom buckets whose bounds change, gauges with negative buckets.
struct RandomHistogramData {
  struct Sample {
    let timeMs: Int64
    let original: FloatHistogram
    let histogram: ReferenceHistogram

    init(_ timeMs: Int64, _ histogram: FloatHistogram) {
      self.timeMs = timeMs
      original = histogram
      self.histogram = ReferenceHistogram(histogram)
    }
  }

  /// Counters with exponential and with custom buckets, and gauges.
  static let names = ["hc_total", "hb_total", "hg"]

  private var all: [(labels: Labels, samples: [Sample])] = []

  init(_ dice: inout Dice) {
    for name in Self.names {
      for (a, b) in [("x", "1"), ("x", "2"), ("y", "1")] {
        all.append((["__name__": name, "a": a, "b": b], Self.samples(name, &dice)))
      }
    }
  }

  func series(_ name: String) -> [Labels: [Sample]] {
    Dictionary(
      uniqueKeysWithValues: all.filter { $0.labels.metricName == name }
        .map { ($0.labels, $0.samples) })
  }

  var memoryStore: MemoryStore {
    let store = MemoryStore()
    for (labels, samples) in all {
      var batch = SampleBatch()
      batch.histogramTimes = samples.map(\.timeMs)
      batch.histograms = samples.map(\.original)
      store.append(labels, batch)
    }
    return store
  }

  private static func samples(_ name: String, _ dice: inout Dice) -> [Sample] {
    var all: [Sample] = []
    var timeMs = Int64(dice.below(15_000))
    var layout = Layout(name, &dice)
    var counts = layout.empty
    while timeMs < 1_200_000 {
      if dice.once(in: 25) {
        layout = Layout(name, &dice)
        counts = layout.empty
      } else if name != "hg" && dice.once(in: 20) {
        counts = layout.empty
      }
      for i in counts.indices where dice.once(in: 2) {
        counts[i] = name == "hg" ? Double(dice.below(9)) : counts[i] + Double(dice.below(5))
      }
      all.append(Sample(timeMs, layout.histogram(counts, sum: Double(dice.below(800)) / 8)))
      timeMs += Int64(dice.pick([15_000, 15_000, 15_000, 7_001, 90_000]))
    }
    return all
  }

  /// Which buckets a series has for a while.
  private struct Layout {
    var schema: Int32
    var threshold: Double
    var bounds: [Double]
    var offset: Int32
    var isGauge: Bool
    /// The zero bucket first, then positive buckets, then, of gauges, negative ones.
    var empty: [Double]

    init(_ name: String, _ dice: inout Dice) {
      isGauge = name == "hg"
      bounds = []
      if name == "hb_total" {
        schema = -53
        threshold = 0
        bounds = dice.pick([[0.5, 1, 2, 5], [0.5, 1, 2, 5], [1, 5], [-1, 0.5, 2]])
        offset = 0
        empty = [Double](repeating: 0, count: bounds.count + 2)
      } else {
        schema = Int32(dice.pick([0, 1, 1, 3]))
        threshold = dice.pick([0.001, 0.25, 0.3])
        offset = Int32(dice.below(4)) - 1
        empty = [Double](repeating: 0, count: isGauge ? 9 : 5)
      }
    }

    func histogram(_ counts: [Double], sum: Double) -> FloatHistogram {
      var made = FloatHistogram()
      made.schema = schema
      made.customBounds = bounds
      made.zeroThreshold = threshold
      made.resetHint = isGauge ? .gauge : .unknown
      made.sum = sum
      let positive = isGauge ? Array(counts[1...4]) : Array(counts.dropFirst())
      made.zeroCount = bounds.isEmpty ? counts[0] : 0
      // Whether there are buckets says how far the zero bucket reaches.
      if positive.contains(where: { $0 != 0 }) {
        made.positiveSpans = [.init(offset: offset, length: UInt32(positive.count))]
        made.positiveBuckets = positive
      }
      if isGauge && counts[5...8].contains(where: { $0 != 0 }) {
        made.negativeSpans = [.init(offset: offset, length: 4)]
        made.negativeBuckets = Array(counts[5...8])
      }
      made.count = made.zeroCount + (positive + made.negativeBuckets).reduce(0, +)
      return made
    }
  }
}
