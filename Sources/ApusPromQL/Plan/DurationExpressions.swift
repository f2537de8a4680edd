internal import ApusPromQLSyntax
internal import Glibc

/// Durations that are computed, such as `[5m * 2]` or `offset step()`.
extension Planner {
  /// Milliseconds of a duration.
  /// - Throws: with the position in front, where the value is no duration.
  func durationMs(_ value: DurationValue, mustBePositive: Bool) throws(QueryError) -> Int64 {
    switch value {
    case .ms(let ms): return ms
    case .expression(let expression):
      let seconds = try seconds(expression)
      let start = position(range(expression).start)
      if seconds.isNaN || seconds.isInfinite {
        throw .parse("\(start): duration is NaN or infinite")
      }
      if mustBePositive && seconds <= 0 {
        throw .parse("\(start): duration must be greater than 0")
      }
      // The longest duration Go can hold: 2^63 ns.
      if abs(seconds) > 9_223_372_036 {
        throw .parse("\(start): duration is out of range")
      }
      return Int64(seconds * 1000)
    }
  }

  private func seconds(_ expression: DurationExpression) throws(QueryError) -> Double {
    switch expression {
    case .literal(let literal): return literal.value
    case .step: return Double(bounds.stepMs) / 1000
    case .range: return (Double(bounds.endMs) - Double(bounds.startMs)) / 1000
    case .parentheses(let inner, _): return try seconds(inner)
    case .unary(let isNegated, let inner, _):
      let value = try seconds(inner)
      return isNegated ? -value : value
    case .binary(let op, let left, let right, _):
      let a = try seconds(left)
      let b = try seconds(right)
      switch op {
      case "+": return a + b
      case "-": return a - b
      case "*": return a * b
      case "/":
        if b == 0 { throw .parse("\(position(range(expression).start)): division by zero") }
        return a / b
      case "%":
        if b == 0 { throw .parse("\(position(range(expression).start)): modulo by zero") }
        return fmod(a, b)
      case "^": return pow(a, b)
      case "min", "min_of": return Swift.min(a, b)
      case "max", "max_of": return Swift.max(a, b)
      default: throw .parse("unknown operator \(op) in a duration")
      }
    }
  }

  private func range(_ expression: DurationExpression) -> SourceRange {
    switch expression {
    case .literal(let literal): literal.range
    case .step(let range), .range(let range): range
    case .unary(_, _, let range), .binary(_, _, _, let range), .parentheses(_, let range): range
    }
  }

  func position(_ offset: Int) -> String { SourcePosition.text(of: offset, in: query) }
}

/// `line:column` of a byte offset, both from 1.
enum SourcePosition {
  static func text(of offset: Int, in query: String) -> String {
    var line = 1
    var lineStart = 0
    for (i, byte) in query.utf8.enumerated() {
      if i >= offset { break }
      if byte == UInt8(ascii: "\n") {
        line += 1
        lineStart = i + 1
      }
    }
    return "\(line):\(offset - lineStart + 1)"
  }
}
