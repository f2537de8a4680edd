internal import ApusModel

/// What a request brings, as samples of series.
struct OTLPBatch {
  struct Sample {
    let series: Int
    let timeMs: Int64
    let value: Double
  }

  /// By first mention.
  private(set) var series: [Labels] = []
  private var numbers: [Labels: Int] = [:]
  private(set) var samples: [Sample] = []
  private(set) var histograms: [(series: Int, timeMs: Int64, histogram: FloatHistogram)] = []
  private(set) var exemplars: [(series: Int, exemplar: Exemplar)] = []
  /// What could not be translated.
  private(set) var warnings: [String] = []

  mutating func warn(_ text: String) {
    if warnings.count < Limits.problemsMax { warnings.append(text) }
  }

  mutating func add(_ labels: Labels, _ timeMs: Int64, _ value: Double, _ exemplars: [Exemplar]) {
    let number = number(of: labels)
    samples.append(Sample(series: number, timeMs: timeMs, value: value))
    for exemplar in exemplars { self.exemplars.append((number, exemplar)) }
  }

  mutating func add(
    _ labels: Labels, _ timeMs: Int64, _ histogram: FloatHistogram, _ exemplars: [Exemplar]
  ) {
    let number = number(of: labels)
    histograms.append((number, timeMs, histogram))
    for exemplar in exemplars { self.exemplars.append((number, exemplar)) }
  }

  private mutating func number(of labels: Labels) -> Int {
    if let number = numbers[labels] { return number }
    numbers[labels] = series.count
    series.append(labels)
    return series.count - 1
  }
}
