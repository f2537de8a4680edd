import ApusModel
import ApusStorage
import ApusTSDB
import ApusTesting

/// Samples as scrapes bring them, good and bad.
struct Workload {
  struct Sample {
    enum Value {
      case float(Double)
      case histogram(FloatHistogram)
    }

    let labels: Labels
    let timeMs: Int64
    let value: Value

    var modelValue: ModelValue {
      switch value {
      case .float(let value): ModelValue(value)
      case .histogram(let histogram): ModelValue(histogram)
      }
    }

    var isHistogram: Bool {
      if case .histogram = value { return true }
      return false
    }
  }

  private let seriesCount: Int
  private let hasHistograms: Bool
  private let hasBadSamples: Bool
  /// Late samples are stored, so that each needs a time of its own.
  private let takesLate: Bool
  /// Number of the first series that is alive.
  private var first = 0
  private var counters: [Int: Double] = [:]
  private var counts: [Int: [Double]] = [:]

  init(_ plan: SimulationPlan) {
    seriesCount = plan.seriesCount
    hasHistograms = plan.hasHistograms
    hasBadSamples = plan.hasBadSamples
    takesLate = plan.options.outOfOrderWindowMs > 0
  }

  /// Some series end, and others begin.
  mutating func churn(_ chance: inout FaultChance) { first += 1 + chance.below(seriesCount) }

  func labels(_ number: Int) -> Labels {
    var builder = LabelsBuilder()
    builder.set("__name__", "m\(number % 3)")
    builder.set("job", ["api", "db", "web"][number % 3 == 0 ? 0 : number % 2 + 1])
    builder.set("n", "\(number)")
    if number % 4 == 0 { builder.set("pod", "p-\(number / 4)") }
    return builder.labels()
  }

  /// What one scrape brings: floats first, then histograms.
  mutating func scrape(_ nowMs: Int64, _ chance: inout FaultChance) -> [Sample] {
    var samples: [Sample] = []
    for number in first..<first + seriesCount {
      if chance.oneIn(12) { continue }
      let labels = labels(number)
      let time = hasBadSamples ? self.time(nowMs, &chance) : nowMs
      let isHistogram = hasHistograms && (number % 5 == 0) != chance.oneIn(40)
      samples.append(
        Sample(
          labels: labels, timeMs: time,
          value: isHistogram
            ? .histogram(histogram(number, &chance)) : .float(value(number, &chance))))
      // Not behind a stale marker: that of a histogram is judged after the floats.
      let isStale = samples[samples.count - 1].modelValue == .stale
      if hasBadSamples && !isStale && chance.oneIn(25) && (!takesLate || time == nowMs) {
        // The same once more, or with another value, or at another time.
        let other = chance.oneIn(2) ? samples[samples.count - 1].value : .float(-1)
        let distance = takesLate ? 0 : Int64(chance.below(3)) * 1000 - 1000
        samples.append(Sample(labels: labels, timeMs: time + distance, value: other))
      }
    }
    return samples.filter { !$0.isHistogram } + samples.filter(\.isHistogram)
  }

  private func time(_ nowMs: Int64, _ chance: inout FaultChance) -> Int64 {
    switch chance.below(60) {
    case 0: nowMs - Int64(chance.below(7_200_000)) - 1
    case 1: nowMs - (takesLate ? Int64(chance.below(20_000)) + 1 : 15_000)
    case 2: nowMs + Int64(chance.below(600_000))
    case 3: nowMs - Int64(chance.below(60)) * 3_600_000 - Int64(1 + chance.below(4000))
    default: nowMs
    }
  }

  private mutating func value(_ number: Int, _ chance: inout FaultChance) -> Double {
    if chance.oneIn(40) { return StaleMarker.value }
    switch number % 4 {
    case 0:
      counters[number, default: 0] += Double(chance.below(50))
      return counters[number, default: 0]
    case 1: return 1
    case 2: return Double(chance.below(100_000)) / 1000
    default: return chance.oneIn(20) ? Double(bitPattern: chance.next()) : -0.0
    }
  }

  private mutating func histogram(
    _ number: Int, _ chance: inout FaultChance
  ) -> FloatHistogram {
    var h = FloatHistogram()
    if chance.oneIn(30) {
      h.sum = StaleMarker.value
      return h
    }
    // The counters begin anew now and then, with other buckets.
    if counts[number] == nil || chance.oneIn(30) {
      counts[number] = [Double](repeating: 0, count: 1 + chance.below(12))
    }
    var buckets = counts[number, default: []]
    for i in buckets.indices { buckets[i] += Double(chance.below(4)) }
    if chance.oneIn(10) { buckets.append(Double(chance.below(3))) }
    counts[number] = buckets
    h.schema = 2
    h.zeroThreshold = 0.001
    h.zeroCount = Double(chance.below(2))
    h.count = buckets.reduce(h.zeroCount, +)
    h.sum = h.count * 1.5
    let half = buckets.count / 2
    h.positiveSpans = [.init(offset: -1, length: UInt32(half))]
    if buckets.count > half {
      h.positiveSpans.append(.init(offset: 3, length: UInt32(buckets.count - half)))
    }
    h.positiveBuckets = buckets
    return h
  }
}

extension Workload {
  /// Matchers of queries and deletions.
  func matchers(_ chance: inout FaultChance) -> [LabelMatcher] {
    let number = first + chance.below(seriesCount + 4) - 2
    return switch chance.below(8) {
    case 0, 1: everything
    case 2: [.equal("__name__", "m\(chance.below(3))")]
    case 3: [.equal("n", "\(number)")]
    case 4: Self.matchers(.regex, "n", "[0-9]*[02468]") + [.equal("job", "api")]
    case 5: Self.matchers(.notRegex, "pod", "p-.*")
    case 6: Self.matchers(.notEqual, "job", "db") + Self.matchers(.regex, "__name__", "m1|m2")
    default: Self.matchers(.regex, "pod", ".+")
    }
  }

  private static func matchers(
    _ kind: LabelMatcher.Kind, _ name: String, _ value: String
  ) -> [LabelMatcher] {
    (try? [LabelMatcher(kind, name, value)]) ?? []
  }
}
