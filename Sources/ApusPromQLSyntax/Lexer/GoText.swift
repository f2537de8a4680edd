internal import ApusModel

/// Pieces of Go's formatting that appear in Prometheus's messages.
enum GoText {
  /// `%q` of a text.
  static func quote(_ text: String) -> String { GoQuote.quote(text) }

  /// `%q` of a character: `'x'`.
  static func quote(_ scalar: Unicode.Scalar) -> String {
    if scalar == "'" { return "'\\''" }
    if scalar == "\"" { return "'\"'" }
    return "'\(GoQuote.quote(String(scalar)).dropFirst().dropLast())'"
  }

  /// `%#U` of a character: `U+0071 'q'`.
  static func unicode(_ scalar: Unicode.Scalar) -> String {
    let hex = String(scalar.value, radix: 16, uppercase: true)
    let number = "U+" + String(repeating: "0", count: max(0, 4 - hex.utf8.count)) + hex
    let isShown = GoQuote.quote(String(scalar)).unicodeScalars.contains(scalar)
    return isShown ? "\(number) '\(scalar)'" : number
  }
}
