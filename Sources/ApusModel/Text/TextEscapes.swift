internal import ApusSystem

/// Text made safe for another language, as Go's libraries do it.
package enum TextEscapes {
  /// `template.HTMLEscapeString`
  package static func html(_ text: String) -> String {
    var out = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\0": out += "\u{FFFD}"
      case "\"": out += "&#34;"
      case "'": out += "&#39;"
      case "&": out += "&amp;"
      case "<": out += "&lt;"
      case ">": out += "&gt;"
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out
  }

  /// `template.JSEscapeString`
  package static func javaScript(_ text: String) -> String {
    var out = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": out += "\\\\"
      case "'": out += "\\'"
      case "\"": out += "\\\""
      case "<": out += "\\u003C"
      case ">": out += "\\u003E"
      case "&": out += "\\u0026"
      case "=": out += "\\u003D"
      default:
        if scalar.value < 0x20 || scalar.value == 0x7F {
          out += "\\u" + scalar.value.hexadecimal(to: 4).uppercased()
        } else {
          out.unicodeScalars.append(scalar)
        }
      }
    }
    return out
  }
}
