/// What a piece of a query is. Names and texts follow Prometheus, promql/parser/lex.go.
enum TokenKind: UInt8, Sendable {
  case end, error
  case identifier, metricIdentifier, number, duration, string
  case leftParen, rightParen, leftBrace, rightBrace, leftBracket, rightBracket
  case comma, colon, equal, blank, times, space
  case openHistogram, closeHistogram
  // Operators.
  case add, subtract, multiply, divide, modulo, power, arcTangent
  case equalEqual, notEqual, lessOrEqual, less, greaterOrEqual, greater
  case trimUpper, trimLower
  case equalRegex, notEqualRegex, at
  case and, or, unless
  // Aggregators.
  case sum, avg, count, min, max, group, stddev, stdvar, topk, bottomk, quantile, countValues
  case limitk, limitRatio
  // Keywords.
  case offset, smoothed, anchored, by, without, on, ignoring, groupLeft, groupRight
  case fill, fillLeft, fillRight, bool
  // Words that are functions of time.
  case start, end_, step, range, minOf, maxOf
  // Keys and words of a histogram description.
  case sumKey, countKey, schemaKey, offsetKey, negativeOffsetKey, bucketsKey, negativeBucketsKey
  case zeroBucketKey, zeroBucketWidthKey, customValuesKey, counterResetHintKey
  case hintUnknown, hintReset, hintNotReset, hintGauge

  var isAggregator: Bool {
    rawValue >= TokenKind.sum.rawValue && rawValue <= TokenKind.limitRatio.rawValue
  }
  var isOperator: Bool {
    rawValue >= TokenKind.add.rawValue && rawValue <= TokenKind.unless.rawValue
  }
  var isKeyword: Bool {
    rawValue >= TokenKind.offset.rawValue && rawValue <= TokenKind.bool.rawValue
  }
  var isTimeWord: Bool {
    rawValue >= TokenKind.start.rawValue && rawValue <= TokenKind.maxOf.rawValue
  }
  var isHistogramKey: Bool {
    rawValue >= TokenKind.sumKey.rawValue && rawValue <= TokenKind.hintGauge.rawValue
  }

  /// Words that the lexer takes for more than names, by their lower-case spelling.
  static let words: [String: TokenKind] = [
    "and": .and, "or": .or, "unless": .unless, "atan2": .arcTangent,
    "sum": .sum, "avg": .avg, "count": .count, "min": .min, "max": .max, "group": .group,
    "stddev": .stddev, "stdvar": .stdvar, "topk": .topk, "bottomk": .bottomk,
    "count_values": .countValues, "quantile": .quantile, "limitk": .limitk,
    "limit_ratio": .limitRatio,
    "offset": .offset, "smoothed": .smoothed, "anchored": .anchored, "by": .by,
    "without": .without, "on": .on, "ignoring": .ignoring, "group_left": .groupLeft,
    "group_right": .groupRight, "fill": .fill, "fill_left": .fillLeft,
    "fill_right": .fillRight, "bool": .bool,
    "start": .start, "end": .end_, "step": .step, "range": .range, "min_of": .minOf,
    "max_of": .maxOf,
    "inf": .number, "nan": .number,
  ]

  static let histogramWords: [String: TokenKind] = [
    "sum": .sumKey, "count": .countKey, "schema": .schemaKey, "offset": .offsetKey,
    "n_offset": .negativeOffsetKey, "buckets": .bucketsKey, "n_buckets": .negativeBucketsKey,
    "z_bucket": .zeroBucketKey, "z_bucket_w": .zeroBucketWidthKey,
    "custom_values": .customValuesKey, "counter_reset_hint": .counterResetHintKey,
  ]

  static let hintWords: [String: TokenKind] = [
    "unknown": .hintUnknown, "reset": .hintReset, "not_reset": .hintNotReset,
    "gauge": .hintGauge,
  ]

  /// Whether the word may name a metric where a selector may stand.
  var mayNameMetric: Bool {
    switch self {
    case .identifier, .metricIdentifier, .by, .without, .offset, .and, .or, .unless,
      .anchored, .smoothed:
      true
    default: isAggregator || isTimeWord
    }
  }

  /// Whether an expression may begin with it.
  var mayStartExpression: Bool {
    switch self {
    case .number, .duration, .string, .leftParen, .leftBrace, .add, .subtract: true
    default: mayNameMetric
    }
  }

  /// Whether the word may be a label in a grouping.
  var mayNameLabel: Bool {
    switch self {
    case .bool, .groupLeft, .groupRight, .ignoring, .on, .arcTangent, .fill, .fillLeft,
      .fillRight:
      true
    default: mayNameMetric
    }
  }

  /// The kind's name in messages; nil where only the text is shown.
  var noun: String? {
    switch self {
    case .identifier: "identifier"
    case .metricIdentifier: "metric identifier"
    case .string: "string"
    case .number: "number"
    case .duration: "duration"
    default: isHistogramKey ? "histogram descriptor" : nil
    }
  }
}

/// A token and where it stands, as byte offsets.
struct Token: Sendable {
  var kind: TokenKind
  var start: Int
  var end: Int

  var range: SourceRange { SourceRange(start, end) }
}
