internal import ApusSystem

/// Double-quoted strings as Go's `strconv.Quote` writes them.
package enum GoQuote {
  package static func quote(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\u{07}": out += "\\a"
      case "\u{08}": out += "\\b"
      case "\u{0C}": out += "\\f"
      case "\n": out += "\\n"
      case "\r": out += "\\r"
      case "\t": out += "\\t"
      case "\u{0B}": out += "\\v"
      default: append(scalar, to: &out)
      }
    }
    return out + "\""
  }

  private static func append(_ scalar: Unicode.Scalar, to out: inout String) {
    if isPrintable(scalar) {
      out.unicodeScalars.append(scalar)
    } else if scalar.value < 0x80 {
      out += "\\x" + scalar.value.hexadecimal(to: 2)
    } else if scalar.value < 0x10000 {
      out += "\\u" + scalar.value.hexadecimal(to: 4)
    } else {
      out += "\\U" + scalar.value.hexadecimal(to: 8)
    }
  }

  /// Go's `unicode.IsPrint`: letters, marks, numbers, punctuation, symbols and the ASCII space.
  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.value < 0x80 { return scalar.value >= 0x20 && scalar.value != 0x7F }
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
      .paragraphSeparator, .spaceSeparator:
      return false
    default: return true
    }
  }
}
