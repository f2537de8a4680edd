internal import Synchronization

/// Names, help texts and instruments of everything that /metrics shows.
package final class MetricRegistry: Sendable {
  package enum Kind: String, Sendable {
    case counter, gauge, histogram, summary
  }

  /// One line of the exposition, before it is text. `suffix` is "", "_sum", "_count", "_bucket".
  package struct Point: Sendable {
    package let suffix: String
    package let labels: [(name: String, value: String)]
    package let value: Double

    package init(suffix: String = "", labels: [(name: String, value: String)], value: Double) {
      self.suffix = suffix
      self.labels = labels
      self.value = value
    }
  }

  package struct Family: Sendable {
    package let name: String
    package let help: String
    package let kind: Kind
    package let points: [Point]
  }

  private struct Entry: Sendable {
    let help: String
    let kind: Kind
    let read: @Sendable () -> [Point]
  }

  private let entries = Mutex<[String: Entry]>([:])

  package init() {}

  /// A metric read when asked for; registering a name again replaces it.
  package func register(
    _ name: String, help: String, kind: Kind, read: @escaping @Sendable () -> [Point]
  ) {
    entries.withLock { $0[name] = Entry(help: help, kind: kind, read: read) }
  }

  /// Everything registered, by name.
  package func snapshot() -> [Family] {
    let now = entries.withLock { $0 }
    return now.sorted { $0.key < $1.key }
      .map {
        Family(name: $0.key, help: $0.value.help, kind: $0.value.kind, points: $0.value.read())
      }
  }
}

extension MetricRegistry {
  package func counter(_ name: String, help: String) -> Counter {
    let counter = Counter()
    register(name, help: help, kind: .counter) { [Point(labels: [], value: counter.value)] }
    return counter
  }

  package func gauge(_ name: String, help: String) -> Gauge {
    let gauge = Gauge()
    register(name, help: help, kind: .gauge) { [Point(labels: [], value: gauge.value)] }
    return gauge
  }

  /// A gauge whose value is computed when asked for.
  package func gauge(_ name: String, help: String, read: @escaping @Sendable () -> Double) {
    register(name, help: help, kind: .gauge) { [Point(labels: [], value: read())] }
  }

  package func counters(_ name: String, help: String, labels: [String]) -> MetricFamily<Counter> {
    let family = MetricFamily(labelNames: labels) { Counter() }
    register(name, help: help, kind: .counter) {
      family.all.map { Point(labels: zipped(labels, $0.values), value: $0.instrument.value) }
    }
    return family
  }

  package func gauges(_ name: String, help: String, labels: [String]) -> MetricFamily<Gauge> {
    let family = MetricFamily(labelNames: labels) { Gauge() }
    register(name, help: help, kind: .gauge) {
      family.all.map { Point(labels: zipped(labels, $0.values), value: $0.instrument.value) }
    }
    return family
  }

  package func distribution(_ name: String, help: String, bounds: [Double]) -> Distribution {
    let distribution = Distribution(bounds: bounds)
    register(name, help: help, kind: .histogram) { histogramPoints(distribution, []) }
    return distribution
  }

  package func summary(_ name: String, help: String, quantiles: [Double]) -> Summary {
    let summary = Summary(quantiles: quantiles)
    register(name, help: help, kind: .summary) { summaryPoints(summary, []) }
    return summary
  }

  package func summaries(
    _ name: String, help: String, labels: [String], quantiles: [Double]
  ) -> MetricFamily<Summary> {
    let family = MetricFamily(labelNames: labels) { Summary(quantiles: quantiles) }
    register(name, help: help, kind: .summary) {
      family.all.flatMap { summaryPoints($0.instrument, zipped(labels, $0.values)) }
    }
    return family
  }

  package func distributions(
    _ name: String, help: String, labels: [String], bounds: [Double]
  ) -> MetricFamily<Distribution> {
    let family = MetricFamily(labelNames: labels) { Distribution(bounds: bounds) }
    register(name, help: help, kind: .histogram) {
      family.all.flatMap { histogramPoints($0.instrument, zipped(labels, $0.values)) }
    }
    return family
  }
}

private func zipped(_ names: [String], _ values: [String]) -> [(name: String, value: String)] {
  zip(names, values).map { (name: $0, value: $1) }
}

private func histogramPoints(
  _ distribution: Distribution, _ labels: [(name: String, value: String)]
) -> [MetricRegistry.Point] {
  let reading = distribution.reading
  let bounds = distribution.bounds.map(boundText) + ["+Inf"]
  var points = zip(bounds, reading.cumulativeCounts).map { bound, count in
    MetricRegistry.Point(
      suffix: "_bucket", labels: labels + [(name: "le", value: bound)], value: Double(count))
  }
  points.append(.init(suffix: "_sum", labels: labels, value: reading.sum))
  points.append(.init(suffix: "_count", labels: labels, value: Double(reading.count)))
  return points
}

private func summaryPoints(
  _ summary: Summary, _ labels: [(name: String, value: String)]
) -> [MetricRegistry.Point] {
  let reading = summary.reading
  var points = zip(summary.quantiles, reading.quantileValues).map { quantile, value in
    MetricRegistry.Point(
      labels: labels + [(name: "quantile", value: boundText(quantile))], value: value)
  }
  points.append(.init(suffix: "_sum", labels: labels, value: reading.sum))
  points.append(.init(suffix: "_count", labels: labels, value: Double(reading.count)))
  return points
}

/// As Go prints a float (`strconv.FormatFloat(x, 'g', -1, 64)`): no `.0` behind a whole number, and
/// from a million on with an exponent, such as `1.6384e+06`.
private func boundText(_ bound: Double) -> String {
  let text = "\(bound)"
  guard bound.isFinite, bound.magnitude >= 1e6 || (bound != 0 && bound.magnitude < 1e-4) else {
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
  let parts = text.split(separator: "e")
  let mantissa = parts[0].drop { $0 == "-" }
  let whole = mantissa.prefix { $0 != "." }
  var exponent = (parts.count > 1 ? Int(parts[1]) ?? 0 : 0) + whole.count - 1
  var digits = mantissa.filter { $0 != "." }[...]
  while digits.first == "0" && digits.count > 1 {
    digits.removeFirst()
    exponent -= 1
  }
  while digits.last == "0" && digits.count > 1 { digits.removeLast() }
  let power = String(exponent.magnitude)
  return (bound < 0 ? "-" : "") + digits.prefix(1) + (digits.count > 1 ? "." : "")
    + digits.dropFirst() + (exponent < 0 ? "e-" : "e+") + (power.count < 2 ? "0" : "") + power
}
