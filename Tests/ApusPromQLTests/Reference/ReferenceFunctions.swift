import ApusModel
import ApusPromQLSyntax
import Glibc

/// The samples of one window: those in (end - length, end], and what lies around them.
struct ReferenceWindow {
  enum Widening { case none, anchored, smoothed }

  let startMs: Int64
  let endMs: Int64
  let widening: Widening
  /// In the window itself.
  let samples: [(timeMs: Int64, value: Double)]
  /// With what anchored and smoothed ranges look at beyond it.
  let wide: [(timeMs: Int64, value: Double)]

  var values: [Double] { samples.map { $0.value } }
  var seconds: Double { Double(endMs - startMs) / 1000 }

  init(
    _ all: [(timeMs: Int64, value: Double)], endMs: Int64, lengthMs: Int64, lookbackMs: Int64,
    _ widening: Widening
  ) {
    let startMs = endMs - lengthMs
    self.startMs = startMs
    self.endMs = endMs
    self.widening = widening
    let live = all.filter { !StaleMarker.isStale($0.value) }
    samples = live.filter { $0.timeMs > startMs && $0.timeMs <= endMs }
    wide = live.filter {
      $0.timeMs > startMs - lookbackMs
        && $0.timeMs <= endMs + (widening == .smoothed ? lookbackMs : 0)
    }
  }
}

/// Functions by their definitions.
enum ReferenceFunctions {
  static let ofValue: [String: @Sendable (Double) -> Double] = [
    "abs": { $0.magnitude }, "ceil": { Glibc.ceil($0) }, "floor": { Glibc.floor($0) },
    "exp": { Glibc.exp($0) }, "sqrt": { $0.squareRoot() }, "ln": { Glibc.log($0) },
    "log2": { Glibc.log2($0) }, "log10": { Glibc.log10($0) },
    "deg": { $0 * 180 / Double.pi }, "rad": { $0 * Double.pi / 180 },
    "sgn": { $0 > 0 ? 1 : ($0 < 0 ? -1 : $0) }, "sin": { Glibc.sin($0) },
    "cos": { Glibc.cos($0) }, "atan": { Glibc.atan($0) }, "tanh": { Glibc.tanh($0) },
  ]

  static func maximum(_ a: Double, _ b: Double) -> Double {
    if a == .infinity || b == .infinity { return .infinity }
    if a.isNaN || b.isNaN { return .nan }
    if a == 0 && b == 0 { return a.sign == .minus ? b : a }
    return a > b ? a : b
  }

  static func minimum(_ a: Double, _ b: Double) -> Double {
    if a == -.infinity || b == -.infinity { return -.infinity }
    if a.isNaN || b.isNaN { return .nan }
    if a == 0 && b == 0 { return a.sign == .minus ? a : b }
    return a < b ? a : b
  }

  /// The greatest or least value that is a number; NaN where none is.
  static func extreme(_ values: [Double], isMax: Bool) -> Double {
    var best = Double.nan
    for value in values where !value.isNaN {
      if best.isNaN || (isMax ? value > best : value < best) { best = value }
    }
    return best
  }

  static func quantile(_ q: Double, _ values: [Double]) -> Double {
    if values.isEmpty || q.isNaN { return .nan }
    if q < 0 { return -.infinity }
    if q > 1 { return .infinity }
    let sorted = values.filter { $0.isNaN } + values.filter { !$0.isNaN }.sorted()
    let rank = q * Double(values.count - 1)
    let weight = rank - Glibc.floor(rank)
    let lower = max(0, Int(Glibc.floor(rank)))
    let upper = min(values.count - 1, lower + 1)
    return sorted[lower] * (1 - weight) + sorted[upper] * weight
  }

  static func absentLabels(_ expression: Expression) -> [String: String] {
    if case .parentheses(let parentheses) = expression { return absentLabels(parentheses.inner) }
    let matchers: [LabelMatcher] =
      switch expression {
      case .vectorSelector(let selector): selector.matchers
      case .matrixSelector(let matrix): matrix.selector.matchers
      default: []
      }
    var labels: [String: String] = [:]
    for name in Set(matchers.map { $0.name }) where name != "__name__" {
      let all = matchers.filter { $0.name == name }
      if all.count == 1, all[0].kind == .equal { labels[name] = all[0].value }
    }
    return labels
  }

  /// What a function says of a window; nil for nothing.
  static func overTime(
    _ name: String, _ window: ReferenceWindow, _ numbers: [Double], timeMs: Int64
  ) throws -> Double? {
    if window.widening != .none { return try widened(name, window) }
    let samples = window.samples
    guard let first = samples.first, let last = samples.last else { return nil }
    let values = window.values
    switch name {
    case "sum_over_time": return Kahan.sum(values)
    case "avg_over_time": return Kahan.average(values)
    case "count_over_time": return Double(values.count)
    case "present_over_time", "absent_over_time": return 1
    case "last_over_time": return last.value
    case "first_over_time": return first.value
    case "ts_of_first_over_time": return Double(first.timeMs) / 1000
    case "ts_of_last_over_time": return Double(last.timeMs) / 1000
    case "max_over_time": return extreme(values, isMax: true)
    case "min_over_time": return extreme(values, isMax: false)
    case "ts_of_max_over_time": return timeOfExtreme(samples, isMax: true)
    case "ts_of_min_over_time": return timeOfExtreme(samples, isMax: false)
    case "changes": return Double(zip(values, values.dropFirst()).count(where: isChange))
    case "resets": return Double(zip(values, values.dropFirst()).count { $1 < $0 })
    case "quantile_over_time": return quantile(numbers[0], values)
    case "mad_over_time":
      if values.contains(where: { $0.isNaN }) { return .nan }
      let median = quantile(0.5, values)
      return quantile(0.5, values.map { abs($0 - median) })
    case "stdvar_over_time": return variance(values)
    case "stddev_over_time": return variance(values).squareRoot()
    case "double_exponential_smoothing": return try smoothed(values, numbers[0], numbers[1])
    default:
      return samples.count < 2 ? nil : try ofTwo(name, window, numbers, timeMs: timeMs)
    }
  }

  private static func isChange(_ a: Double, _ b: Double) -> Bool {
    a != b && !(a.isNaN && b.isNaN)
  }

  /// Functions that need two samples.
  private static func ofTwo(
    _ name: String, _ window: ReferenceWindow, _ numbers: [Double], timeMs: Int64
  ) throws -> Double? {
    let samples = window.samples
    let last = samples[samples.count - 1]
    let previous = samples[samples.count - 2]
    switch name {
    case "rate", "increase", "delta": return extrapolated(name, window)
    case "idelta": return last.value - previous.value
    case "irate":
      let change = last.value < previous.value ? last.value : last.value - previous.value
      return change / (Double(last.timeMs - previous.timeMs) / 1000)
    case "deriv": return line(samples, atMs: samples[0].timeMs).slope
    case "predict_linear":
      let (slope, intercept) = line(samples, atMs: timeMs)
      return slope * numbers[0] + intercept
    default: throw ReferenceError(text: "the reference does not know \(name)")
    }
  }

  private static func timeOfExtreme(
    _ samples: [(timeMs: Int64, value: Double)], isMax: Bool
  ) -> Double {
    var best = samples[0]
    for sample in samples.dropFirst() {
      let isBetter = isMax ? sample.value >= best.value : sample.value <= best.value
      if isBetter || best.value.isNaN { best = sample }
    }
    return Double(best.timeMs) / 1000
  }

  private static func variance(_ values: [Double]) -> Double {
    var (mean, meanRest, squares, squaresRest) = (0.0, 0.0, 0.0, 0.0)
    for (i, value) in values.enumerated() {
      let delta = value - (mean + meanRest)
      (mean, meanRest) = Kahan.add(delta / Double(i + 1), mean, meanRest)
      (squares, squaresRest) = Kahan.add(
        delta * (value - (mean + meanRest)), squares, squaresRest)
    }
    return (squares + squaresRest) / Double(values.count)
  }

  private static func smoothed(
    _ values: [Double], _ smoothing: Double, _ trend: Double
  ) throws -> Double? {
    for (factor, name, letter) in [(smoothing, "smoothing", "s"), (trend, "trend", "t")]
    where !(factor > 0 && factor < 1) {
      throw ReferenceError(
        text: "invalid \(name) factor. Expected: 0 < \(letter)f < 1, got: "
          + FloatText.fixed(factor, places: 6))
    }
    if values.count < 2 { return nil }
    var (before, level, slope) = (0.0, values[0], values[1] - values[0])
    for i in 1..<values.count {
      if i > 1 { slope = trend * (level - before) + (1 - trend) * slope }
      let next = smoothing * values[i] + (1 - smoothing) * (level + slope)
      before = level
      level = next
    }
    return level
  }
}
