internal import ApusPromQLSyntax
internal import Glibc

/// Go's math functions where they differ from C's or Swift's.
enum GoMath {
  /// An infinity on the far side wins even over NaN; +0 is more than -0.
  static func max(_ a: Double, _ b: Double) -> Double {
    if a == .infinity || b == .infinity { return .infinity }
    if a.isNaN || b.isNaN { return .nan }
    if a == 0 && b == 0 { return a.sign == .minus ? b : a }
    return a > b ? a : b
  }

  static func min(_ a: Double, _ b: Double) -> Double {
    if a == -.infinity || b == -.infinity { return -.infinity }
    if a.isNaN || b.isNaN { return .nan }
    if a == 0 && b == 0 { return a.sign == .minus ? a : b }
    return a < b ? a : b
  }

  /// Conversion to an integer as amd64 does it: what does not fit becomes the least integer.
  static func int64(_ value: Double) -> Int64 {
    Int64(exactly: value.rounded(.towardZero)) ?? .min
  }
}

/// Binary operators on two floats.
enum ScalarArithmetic {
  @inline(__always)
  static func apply(_ op: BinaryOperator, _ a: Double, _ b: Double) -> Double {
    switch op {
    case .add: a + b
    case .subtract: a - b
    case .multiply: a * b
    case .divide: a / b
    case .power: pow(a, b)
    case .modulo: fmod(a, b)
    case .arcTangent: atan2(a, b)
    case .equal: a == b ? 1 : 0
    case .notEqual: a != b ? 1 : 0
    case .greater: a > b ? 1 : 0
    case .less: a < b ? 1 : 0
    case .greaterOrEqual: a >= b ? 1 : 0
    case .lessOrEqual: a <= b ? 1 : 0
    case .and, .or, .unless, .trimUpper, .trimLower: .nan
    }
  }
}
