/// Booleans as Go reads them from text (strconv.ParseBool).
package enum GoBool {
  /// Nil for what Go does not know.
  package static func parse(_ text: String) -> Bool? {
    switch text {
    case "1", "t", "T", "true", "TRUE", "True": true
    case "0", "f", "F", "false", "FALSE", "False": false
    default: nil
    }
  }

  /// What Go says of a text that is no boolean.
  package static func problem(_ text: String) -> String {
    "strconv.ParseBool: parsing \(GoQuote.quote(text)): invalid syntax"
  }
}
