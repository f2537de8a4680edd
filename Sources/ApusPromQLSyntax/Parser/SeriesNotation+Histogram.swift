internal import ApusModel

/// `{{schema:0 sum:5 count:4 z_bucket:1 z_bucket_w:0.001 offset:1 buckets:[1 2 1]}}`
extension SyntaxReader {
  private static let context = "histogram description"

  /// The histogram, and whether it names a counter reset hint.
  mutating func histogram() throws(Stop) -> (FloatHistogram, isResetHintSet: Bool) {
    try take()
    var histogram = FloatHistogram()
    var seen: [TokenKind] = []
    var positiveOffset: Int32 = 0
    var negativeOffset: Int32 = 0
    while true {
      while try accept(.space) != nil {}
      let key = try peekToken()
      if key.kind == .closeHistogram { break }
      guard key.kind.isHistogramKey else { throw try unexpectedKey() }
      try take()
      guard try accept(.colon) != nil else { throw try unexpectedKey() }
      if seen.contains(key.kind) {
        report(SourceRange(0, 0), "duplicate key \"\(text(key))\" in histogram")
      }
      seen.append(key.kind)
      switch key.kind {
      case .offsetKey: positiveOffset = try integer()
      case .negativeOffsetKey: negativeOffset = try integer()
      default: try readValue(key, &histogram)
      }
    }
    try take()
    histogram.positiveSpans = spans(positiveOffset, histogram.positiveBuckets)
    histogram.negativeSpans = spans(negativeOffset, histogram.negativeBuckets)
    return (histogram, seen.contains(.counterResetHintKey))
  }

  private mutating func unexpectedKey() throws(Stop) -> Stop {
    try unexpected(
      SyntaxReader.context, "histogram description key, e.g. buckets:[5 10 7]")
  }

  private func spans(_ offset: Int32, _ buckets: [Double]) -> [FloatHistogram.Span] {
    if buckets.isEmpty { return [] }
    return [FloatHistogram.Span(offset: offset, length: UInt32(buckets.count))]
  }

  private mutating func readValue(
    _ key: Token, _ histogram: inout FloatHistogram
  ) throws(Stop) {
    switch key.kind {
    case .schemaKey: histogram.schema = try integer()
    case .sumKey: histogram.sum = try number()
    case .countKey: histogram.count = try number()
    case .zeroBucketKey: histogram.zeroCount = try number()
    case .zeroBucketWidthKey: histogram.zeroThreshold = try number()
    case .customValuesKey: histogram.customBounds = try numbers()
    case .bucketsKey: histogram.positiveBuckets = try numbers()
    case .negativeBucketsKey: histogram.negativeBuckets = try numbers()
    case .counterResetHintKey:
      switch try peek() {
      case .hintUnknown: histogram.resetHint = .unknown
      case .hintReset: histogram.resetHint = .reset
      case .hintNotReset: histogram.resetHint = .notReset
      case .hintGauge: histogram.resetHint = .gauge
      default: throw try unexpectedKey()
      }
      try take()
    default: throw try unexpectedKey()
    }
  }

  private mutating func integer() throws(Stop) -> Int32 {
    let isNegative = try accept(.subtract) != nil
    guard let token = try accept(.number) else { throw try unexpectedKey() }
    guard let magnitude = Int64(text(token)), magnitude <= Int64(Int32.max) else {
      let message = FloatText.ParseFailure.syntax.text(
        function: "ParseUint", parsing: text(token))
      report(token.range, "invalid repetition in series values: \(message)")
      return 0
    }
    return Int32(isNegative ? -magnitude : magnitude)
  }

  private mutating func number() throws(Stop) -> Double {
    let sign = try peek()
    if sign == .add || sign == .subtract { try take() }
    guard try peek() == .number else { throw try unexpectedKey() }
    let magnitude = try numberLiteral().value
    return sign == .subtract ? -magnitude : magnitude
  }

  /// `[1 2 -3]`
  private mutating func numbers() throws(Stop) -> [Double] {
    guard try accept(.leftBracket) != nil else { throw try unexpectedKey() }
    var list: [Double] = []
    while true {
      while try accept(.space) != nil {}
      if try accept(.rightBracket) != nil { return list }
      list.append(try number())
    }
  }
}
