internal import ApusModel
internal import ApusStorage

/// rate and its like on native histograms.
///
/// Source: Prometheus, promql/functions.go, histogramRate and extendedHistogramRate.
enum HistogramRate {
  /// Of a window that holds histograms only. Nil where there is no answer.
  static func extrapolated(
    _ series: WindowSeries, _ step: Int, _ call: WindowCall
  ) -> FloatHistogram? {
    let low = series.histogramLow[step]
    let high = series.histogramHigh[step]
    guard high - low > 1 else { return nil }
    let notes = Notes(series.labels, call)
    guard var result = difference(series.histograms[low..<high], notes) else { return nil }
    let times = series.samples.histogramTimes
    let ends = RateEnds(
      firstMs: times[low], lastMs: times[high - 1], gaps: high - 1 - low,
      startMs: call.shape.startMs(step), endMs: call.shape.endMs(step))
    let isCounter = call.function != .delta
    let firstCount = series.histograms[low].count
    let zeroShare =
      isCounter && result.count > 0 && firstCount >= 0
      ? firstCount / result.count : nil
    result.multiply(by: ends.factor(zeroShare: zeroShare, isCounter, rateMs: call.rateMs))
    return result
  }

  /// Last less first, with the counts before each reset added.
  private static func difference(
    _ points: ArraySlice<FloatHistogram>, _ notes: Notes
  ) -> FloatHistogram? {
    let isCounter = notes.call.function != .delta
    var previous = points[points.startIndex]
    let second = points[points.startIndex + 1]
    let last = points[points.endIndex - 1]
    if isCounter && (previous.resetHint == .gauge || last.resetHint == .gauge) {
      notes.warnNotCounter()
    }
    // After a reset right at the beginning, the first sample is as good as empty.
    if isCounter && second.detectReset(previous) {
      var empty = FloatHistogram()
      empty.schema = second.schema
      empty.customBounds = second.customBounds
      previous = empty
    }
    let isCustom = previous.usesCustomBuckets
    if last.usesCustomBuckets != isCustom { return notes.warnMixedSchemas() }
    var schema = min(last.schema, previous.schema)
    if isCounter {
      for point in points.dropFirst().dropLast() {
        if point.resetHint == .gauge { notes.warnNotCounter() }
        schema = min(schema, point.schema)
        if point.usesCustomBuckets != isCustom { return notes.warnMixedSchemas() }
      }
    }
    var result = last.reduced(toSchema: schema)
    guard notes.subtract(previous, from: &result) else { return nil }
    if isCounter {
      for point in points.dropFirst() {
        if point.detectReset(previous), !notes.add(previous, to: &result) { return nil }
        previous = point
      }
    } else if points[points.startIndex].resetHint != .gauge || last.resetHint != .gauge {
      notes.warnNotGauge()
    }
    result.resetHint = .gauge
    result.compact()
    return result
  }

  /// irate and idelta.
  static func instant(
    _ first: FloatHistogram, _ second: FloatHistogram, _ labels: Labels, _ call: WindowCall
  ) -> FloatHistogram? {
    let notes = Notes(labels, call)
    let isRate = call.function == .irate
    let areGauges = first.resetHint == .gauge && second.resetHint == .gauge
    let hasGauge = first.resetHint == .gauge || second.resetHint == .gauge
    if isRate && hasGauge { notes.warnNotCounter() }
    if !isRate && !areGauges { notes.warnNotGauge() }
    var result = second
    if !isRate || !second.detectReset(first) {
      guard notes.subtract(first, from: &result) else { return nil }
    }
    result.resetHint = .gauge
    result.compact()
    return result
  }

  /// Of an anchored or smoothed range.
  static func extended(
    _ series: WindowSeries, _ step: Int, _ call: WindowCall
  ) -> FloatHistogram? {
    let times = series.samples.histogramTimes
    let points = series.histograms
    guard
      let window = ExtendedWindow(
        times, series.histogramLow[step], series.histogramHigh[step], step, call)
    else { return nil }
    let notes = Notes(series.labels, call)
    let isCounter = call.function != .delta
    let isCustom = points[window.first].usesCustomBuckets
    for point in points[window.first...window.last] {
      if point.usesCustomBuckets != isCustom { return notes.warnMixedSchemas() }
      if isCounter && point.resetHint == .gauge { notes.warnNotCounter() }
    }
    var left = points[window.first]
    if window.needsLeftInterpolation {
      left = interpolated(series, window.first, window.startMs, notes)
    }
    var right = points[window.last]
    if window.needsRightInterpolation {
      right = interpolated(series, window.last - 1, window.endMs, notes)
    }
    if !isCounter && (left.resetHint != .gauge || right.resetHint != .gauge) {
      notes.warnNotGauge()
    }
    var result = right
    guard notes.subtract(left, from: &result) else { return nil }
    if isCounter, !addResets(series, window, left, right, notes, to: &result) { return nil }
    if call.function == .rate { result.divide(by: Double(call.shape.lengthMs) / 1000) }
    result.resetHint = .gauge
    result.compact()
    return result
  }

  private static func addResets(
    _ series: WindowSeries, _ window: ExtendedWindow, _ left: FloatHistogram,
    _ right: FloatHistogram, _ notes: Notes, to result: inout FloatHistogram
  ) -> Bool {
    let points = series.histograms
    var first = window.first + 1
    var previous = left
    if window.needsLeftInterpolation, points[first].detectReset(points[window.first]) {
      // The interpolation on the left has crossed this reset and counted it.
      previous = points[first]
      first += 1
    }
    if first > window.last { return true }
    for point in points[first..<max(first, window.last)] {
      if point.detectReset(previous), !notes.add(previous, to: &result) { return false }
      previous = point
    }
    return !right.detectReset(previous) || notes.add(previous, to: &result)
  }

  private static func interpolated(
    _ series: WindowSeries, _ index: Int, _ atMs: Int64, _ notes: Notes
  ) -> FloatHistogram {
    let times = series.samples.histogramTimes
    let first = series.histograms[index]
    let second = series.histograms[index + 1]
    let fraction = Double(atMs - times[index]) / Double(times[index + 1] - times[index])
    var result = second
    if notes.call.function != .delta && second.detectReset(first) {
      result.multiply(by: fraction)
      return result
    }
    _ = notes.subtract(first, from: &result)
    result.multiply(by: fraction)
    _ = notes.add(first, to: &result)
    return result
  }

  /// Joins histograms and says what is odd about them.
  struct Notes {
    let labels: Labels
    let call: WindowCall

    init(_ labels: Labels, _ call: WindowCall) {
      self.labels = labels
      self.call = call
    }

    private var name: String { GoQuote.quote(labels.metricName) }

    func warnNotCounter() {
      call.query.warn("this native histogram metric is not a counter: \(name)", call.position)
    }

    func warnNotGauge() {
      call.query.warn("this native histogram metric is not a gauge: \(name)", call.position)
    }

    func warnMixedSchemas() -> FloatHistogram? {
      call.query.warn(
        "vector contains a mix of histograms with exponential and custom buckets schemas for "
          + "metric name \(name)", call.position)
      return nil
    }

    /// - Returns: false where the histograms do not fit.
    func add(_ other: FloatHistogram, to result: inout FloatHistogram) -> Bool {
      do throws(FloatHistogram.IncompatibleSchemas) {
        if try result.add(other).hasReconciledBounds { informReconciled("addition") }
        return true
      } catch {
        return warnMixedSchemas() != nil
      }
    }

    func subtract(_ other: FloatHistogram, from result: inout FloatHistogram) -> Bool {
      do throws(FloatHistogram.IncompatibleSchemas) {
        if try result.subtract(other).hasReconciledBounds { informReconciled("subtraction") }
        return true
      } catch {
        return warnMixedSchemas() != nil
      }
    }

    func informReconciled(_ operation: String) {
      call.query.inform(
        "mismatched custom buckets were reconciled during \(operation)", call.position)
    }
  }
}

/// sum and avg over time of native histograms.
enum HistogramSums {
  static func overTime(
    _ series: WindowSeries, _ step: Int, _ call: WindowCall
  ) -> FloatHistogram? {
    let points = series.histograms[series.histogramLow[step]..<series.histogramHigh[step]]
    var adder = HistogramAdder(wantsAverage: call.function == .average)
    let notes = HistogramRate.Notes(series.labels, call)
    for point in points where !adder.add(point) {
      return notes.warnMixedSchemas()
    }
    if adder.hasResetCollision {
      call.query.warn(
        "conflicting counter resets during histogram aggregation", call.position)
    }
    if adder.hasReconciledBounds { notes.informReconciled("aggregation") }
    return adder.value
  }
}

/// Sum or average of histograms one after another: a compensated sum, until that overflows; from
/// there on, for the average, the mean.
struct HistogramAdder {
  private let wantsAverage: Bool
  private var sum: KahanHistogram?
  private var count = 0.0
  private var isMean = false
  private var hasReset = false
  private var hasNoReset = false
  private(set) var hasReconciledBounds = false

  init(wantsAverage: Bool) { self.wantsAverage = wantsAverage }

  /// One said that counters began anew and another that they did not.
  var hasResetCollision: Bool { hasReset && hasNoReset }

  /// - Returns: false where the histogram does not fit to those before.
  mutating func add(_ histogram: FloatHistogram) -> Bool {
    if histogram.resetHint == .reset { hasReset = true }
    if histogram.resetHint == .notReset { hasNoReset = true }
    count += 1
    guard let before = sum else {
      sum = KahanHistogram(histogram)
      return true
    }
    if !isMean {
      var next = before
      guard join(histogram, to: &next) else { return false }
      if !wantsAverage || !next.hasOverflow {
        sum = next
        return true
      }
      isMean = true
      sum?.scale { $0 / (count - 1) }
    }
    guard var mean = sum else { return false }
    let share = (count - 1) / count
    mean.scale { share * $0 }
    var part = histogram
    part.divide(by: count)
    guard join(part, to: &mean) else { return false }
    sum = mean
    return true
  }

  private mutating func join(_ histogram: FloatHistogram, to sum: inout KahanHistogram) -> Bool {
    do throws(FloatHistogram.IncompatibleSchemas) {
      if try sum.add(histogram).hasReconciledBounds { hasReconciledBounds = true }
      return true
    } catch {
      return false
    }
  }

  var value: FloatHistogram? {
    guard var sum else { return nil }
    if wantsAverage && !isMean { sum.scale { $0 / count } }
    return sum.value
  }
}
