import Glibc

/// Rates and lines by their definitions.
extension ReferenceFunctions {
  static func extrapolated(_ name: String, _ window: ReferenceWindow) -> Double {
    let samples = window.samples
    let first = samples[0]
    let last = samples[samples.count - 1]
    let isCounter = name != "delta"
    var result = last.value - first.value
    if isCounter {
      for (a, b) in zip(samples, samples.dropFirst()) where b.value < a.value {
        result += a.value
      }
    }
    let sampled = Double(last.timeMs - first.timeMs) / 1000
    let average = sampled / Double(samples.count - 1)
    var toStart = Double(first.timeMs - window.startMs) / 1000
    var toEnd = Double(window.endMs - last.timeMs) / 1000
    if toStart >= average * 1.1 { toStart = average / 2 }
    if isCounter && result > 0 && first.value >= 0 {
      toStart = min(toStart, sampled * (first.value / result))
    }
    if toEnd >= average * 1.1 { toEnd = average / 2 }
    var factor = (sampled + toStart + toEnd) / sampled
    if name == "rate" { factor /= window.seconds }
    return result * factor
  }

  static func line(
    _ samples: [(timeMs: Int64, value: Double)], atMs: Int64
  ) -> (slope: Double, intercept: Double) {
    let first = samples[0].value
    if samples.allSatisfy({ $0.value == first }) {
      return first.isInfinite ? (.nan, .nan) : (0, first)
    }
    var sums = [(Double, Double)](repeating: (0, 0), count: 4)
    for sample in samples {
      let x = Double(sample.timeMs - atMs) / 1000
      for (i, term) in [x, sample.value, x * sample.value, x * x].enumerated() {
        sums[i] = Kahan.add(term, sums[i].0, sums[i].1)
      }
    }
    let total = sums.map { $0.0 + $0.1 }
    let n = Double(samples.count)
    let covariance = total[2] - total[0] * total[1] / n
    let variance = total[3] - total[0] * total[0] / n
    let slope = covariance / variance
    return (slope, total[1] / n - slope * total[0] / n)
  }

  /// Anchored and smoothed ranges.
  static func widened(_ name: String, _ window: ReferenceWindow) throws -> Double? {
    let inside = window.samples
    let before = window.wide.last { $0.timeMs <= window.startMs }
    if name == "changes" || name == "resets" {
      if inside.isEmpty { return nil }
      let values = ([before].compactMap { $0 } + inside).map { $0.value }
      return Double(
        zip(values, values.dropFirst()).count {
          name == "resets" ? $1 < $0 : $0 != $1 && !($0.isNaN && $1.isNaN)
        })
    }
    let isCounter = name != "delta"
    let isSmoothed = window.widening == .smoothed
    guard let first = before ?? window.wide.first else { return nil }
    let after = isSmoothed ? window.wide.first { $0.timeMs >= window.endMs } : nil
    guard let last = after ?? window.wide.last, last.timeMs > window.startMs else { return nil }
    if isSmoothed && first.timeMs > window.endMs { return nil }
    var left = first.value
    if isSmoothed, first.timeMs < window.startMs,
      let next = window.wide.first(where: { $0.timeMs > first.timeMs })
    {
      left = interpolated(first, next, window.startMs, isCounter)
    }
    var right = last.value
    if isSmoothed, last.timeMs > window.endMs,
      let previous = window.wide.last(where: { $0.timeMs < last.timeMs })
    {
      right = interpolated(previous, last, window.endMs, isCounter)
    }
    var result = right - left
    if isCounter {
      let between = inside.filter { $0.timeMs < window.endMs }.map { $0.value }
      var correction = 0.0
      let path = [left] + between + [right]
      for (a, b) in zip(path, path.dropFirst()) where b < a { correction += a }
      result += correction
    }
    return name == "rate" ? result / window.seconds : result
  }

  static func interpolated(
    _ a: (timeMs: Int64, value: Double), _ b: (timeMs: Int64, value: Double), _ atMs: Int64,
    _ isCounter: Bool
  ) -> Double {
    let start = isCounter && b.value < a.value ? 0 : a.value
    return start
      + (b.value - start) * Double(atMs - a.timeMs) / Double(b.timeMs - a.timeMs)
  }
}
