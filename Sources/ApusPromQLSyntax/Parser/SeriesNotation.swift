package import ApusModel

/// One value of a series in a test: a sample, or none at this step.
package enum SeriesValue: Sendable, Equatable {
  /// `_`
  case omitted
  /// A number; `stale` is the marker's bits.
  case float(Double)
  /// `{{...}}`; `isResetHintSet` tells whether the notation named a counter reset hint.
  case histogram(FloatHistogram, isResetHintSet: Bool)
}

/// A series as test scripts and rule tests write it: `name{label="x"} 1+2x3 _ stale {{count:1}}`.
///
///     a      the value a
///     axn    a, n + 1 times
///     a+bxn  a, a+b, ... a+n*b      a-bxn likewise
///     _      no value               _xn   no value, n times
///
/// Source: promql/parser/generated_parser.y, series_description.
package struct SeriesNotation: Sendable, Equatable {
  package var labels: Labels
  package var values: [SeriesValue]

  package init(labels: Labels, values: [SeriesValue]) {
    self.labels = labels
    self.values = values
  }

  /// Adds the second histogram to the first, or takes it away.
  package typealias Combine = (
    _ base: FloatHistogram, _ change: FloatHistogram, _ isSubtraction: Bool
  ) throws -> FloatHistogram

  /// What Prometheus does at every step of `{{...}}+{{...}}x3`: the hint of the first stays.
  package static func addSteps(
    _ base: FloatHistogram, _ change: FloatHistogram, _ isSubtraction: Bool
  ) throws -> FloatHistogram {
    var result = base
    let hint = base.resetHint
    _ = isSubtraction ? try result.subtract(change) : try result.add(change)
    result.resetHint = hint
    return result
  }

  /// - Parameter combine: what `{{...}}+{{...}}x3` does at every step; its error becomes part of
  ///   the parse error.
  package static func parse(
    _ text: String, combine: Combine
  ) throws(ParseError) -> SeriesNotation {
    var reader = SyntaxReader(text, options: .init(), isSeries: true)
    return try reader.run { (reader) throws(SyntaxReader.Stop) in
      let labels = try reader.metric()
      let values = try reader.seriesValues(combine)
      return SeriesNotation(labels: labels, values: values)
    }
  }
}

extension SyntaxReader {
  private static let context = "series values"

  fileprivate mutating func seriesValues(
    _ combine: SeriesNotation.Combine
  ) throws(Stop) -> [SeriesValue] {
    var values: [SeriesValue] = []
    while try peek() != .end {
      guard try accept(.space) != nil else { throw try unexpected(SyntaxReader.context) }
      if try peek() == .end { break }
      try appendItem(to: &values, combine)
      if values.count > Limits.seriesValuesMax {
        let token = try peekToken()
        report(token.range, "more than \(Limits.seriesValuesMax) series values")
        throw Stop()
      }
    }
    return values
  }

  private mutating func appendItem(
    to values: inout [SeriesValue], _ combine: SeriesNotation.Combine
  ) throws(Stop) {
    switch try peek() {
    case .blank:
      try take()
      let times = try accept(.times) == nil ? 1 : try repetition()
      values.append(contentsOf: repeatElement(.omitted, count: times))
    case .openHistogram:
      try appendHistograms(to: &values, combine)
    default:
      try appendFloats(to: &values)
    }
  }

  private mutating func appendFloats(to values: inout [SeriesValue]) throws(Stop) {
    var value = try seriesFloat()
    var step = 0.0
    let sign = try peek()
    if sign == .add || sign == .subtract {
      try take()
      let magnitude = try plainNumber()
      step = sign == .subtract ? -magnitude : magnitude
      guard try peek() == .times else { throw try unexpected(SyntaxReader.context) }
    }
    guard try accept(.times) != nil else {
      values.append(.float(value))
      return
    }
    for _ in 0...(try repetition()) {
      values.append(.float(value))
      // A stale marker must keep its bits.
      if step != 0 { value += step }
    }
  }

  private mutating func seriesFloat() throws(Stop) -> Double {
    let token = try peekToken()
    switch token.kind {
    case .identifier:
      guard text(token) == "stale" else {
        throw try unexpected(SyntaxReader.context, "number or \"stale\"")
      }
      try take()
      return StaleMarker.value
    case .add, .subtract:
      try take()
      let magnitude = try plainNumber()
      return token.kind == .subtract ? -magnitude : magnitude
    default: return try plainNumber()
    }
  }

  private mutating func plainNumber() throws(Stop) -> Double {
    let kind = try peek()
    guard kind == .number || kind == .duration else {
      throw try unexpected(SyntaxReader.context)
    }
    return try numberLiteral().value
  }

  private mutating func repetition() throws(Stop) -> Int {
    guard let token = try accept(.number) else { throw try unexpected(SyntaxReader.context) }
    guard let times = unsigned(token) else { return 0 }
    if times > Limits.seriesValuesMax {
      report(token.range, "more than \(Limits.seriesValuesMax) series values")
      throw Stop()
    }
    return Int(times)
  }

  /// Reports what is no whole number.
  fileprivate mutating func unsigned(_ token: Token) -> UInt64? {
    let shown = text(token)
    if shown.utf8.allSatisfy({ Lexer.isDigit($0) }), let value = UInt64(shown) { return value }
    let reason: FloatText.ParseFailure =
      shown.utf8.allSatisfy { Lexer.isDigit($0) } ? .range : .syntax
    let message = reason.text(function: "ParseUint", parsing: shown)
    report(token.range, "invalid repetition in series values: \(message)")
    return nil
  }

  // MARK: Histograms

  private mutating func appendHistograms(
    to values: inout [SeriesValue], _ combine: SeriesNotation.Combine
  ) throws(Stop) {
    let (base, isSet) = try histogram()
    let sign = try peek()
    if try accept(.times) != nil {
      let times = try repetition()
      values.append(
        contentsOf: repeatElement(.histogram(base, isResetHintSet: isSet), count: times + 1))
      return
    }
    guard sign == .add || sign == .subtract else {
      values.append(.histogram(base, isResetHintSet: isSet))
      return
    }
    try take()
    guard try peek() == .openHistogram else { throw try unexpected(SyntaxReader.context) }
    let (change, isChangeSet) = try histogram()
    guard try accept(.times) != nil else { throw try unexpected(SyntaxReader.context) }
    let times = try repetition()
    var current = base
    values.append(.histogram(current, isResetHintSet: isChangeSet))
    for _ in 0..<times {
      if current.schema > change.schema {
        report(
          try peekToken().range,
          "error combining histograms: cannot merge from schema \(change.schema) "
            + "to \(current.schema)")
        throw Stop()
      }
      do {
        current = try combine(current, change, sign == .subtract)
      } catch {
        report(try peekToken().range, "\(error)")
        throw Stop()
      }
      values.append(.histogram(current, isResetHintSet: isChangeSet))
    }
  }
}
