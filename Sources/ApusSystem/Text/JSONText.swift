/// Strings of JSON.
package enum JSONText {
  /// A quoted string, escaped as Go's encoding/json does it.
  /// - Parameter escapesHTML: keeps `<`, `>` and `&` away from browsers, as Go does by default.
  package static func quoted(_ text: String, escapesHTML: Bool = false) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\r": out += "\\r"
      case "\t": out += "\\t"
      case "\u{08}": out += "\\b"
      case "\u{0C}": out += "\\f"
      case "\0"..."\u{1F}", "\u{2028}", "\u{2029}": out += "\\u" + scalar.value.hexadecimal(to: 4)
      case "<", ">", "&":
        if escapesHTML {
          out += "\\u" + scalar.value.hexadecimal(to: 4)
        } else {
          out.unicodeScalars.append(scalar)
        }
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out + "\""
  }
}
