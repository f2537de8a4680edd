internal import Glibc

/// Functions of one float.
enum PerValue {
  /// By name; nil for other functions.
  static func function(_ name: String) -> ((Double) -> Double)? {
    switch name {
    case "abs": { abs($0) }
    case "ceil": { $0.rounded(.up) }
    case "floor": { $0.rounded(.down) }
    case "exp": { exp($0) }
    case "sqrt": { $0.squareRoot() }
    case "ln": { log($0) }
    case "log2": { log2($0) }
    case "log10": { log10($0) }
    case "deg": { $0 * 180 / Double.pi }
    case "rad": { $0 * Double.pi / 180 }
    case "sgn": { $0 < 0 ? -1 : ($0 > 0 ? 1 : $0) }
    default: trigonometry(name)
    }
  }

  private static func trigonometry(_ name: String) -> ((Double) -> Double)? {
    switch name {
    case "sin": { sin($0) }
    case "cos": { cos($0) }
    case "tan": { tan($0) }
    case "asin": { asin($0) }
    case "acos": { acos($0) }
    case "atan": { atan($0) }
    case "sinh": { sinh($0) }
    case "cosh": { cosh($0) }
    case "tanh": { tanh($0) }
    case "asinh": { asinh($0) }
    case "acosh": { acosh($0) }
    case "atanh": { atanh($0) }
    default: nil
    }
  }
}
