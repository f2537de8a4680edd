/// The two formats of `--log.format`.
package enum LogFormat: String, Sendable, CaseIterable {
  case logfmt
  case json

  package func text(_ line: LogLine) -> String {
    switch self {
    case .logfmt: LogFormat.logfmtText(line)
    case .json: LogFormat.jsonText(line)
    }
  }

  /// `time=... level=INFO source=Server.swift:12 msg="Server is ready" key=value`
  private static func logfmtText(_ line: LogLine) -> String {
    var out = "time=\(line.timeText) level=\(line.levelName) source=\(line.source)"
    out += " msg=\(quotedIfNeeded(line.message))"
    for field in line.fields { out += " \(key(field.key))=\(quotedIfNeeded(field.value))" }
    return out + "\n"
  }

  private static func jsonText(_ line: LogLine) -> String {
    var out = "{\"time\":\"\(line.timeText)\",\"level\":\"\(line.levelName)\""
    out += ",\"source\":\(quoted(line.source)),\"msg\":\(quoted(line.message))"
    for field in line.fields { out += ",\(quoted(field.key)):\(quoted(field.value))" }
    return out + "}\n"
  }

  /// A key may not hold what would end it.
  private static func key(_ text: String) -> String {
    text.utf8.contains { $0 <= 0x20 || $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: "\"") }
      ? quoted(text) : text
  }

  private static func quotedIfNeeded(_ text: String) -> String {
    let isPlain =
      !text.isEmpty
      && text.utf8.allSatisfy {
        $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "=")
          && $0 != UInt8(ascii: "\\") && $0 < 0x80
      }
    return isPlain ? text : quoted(text)
  }

  private static func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\r": out += "\\r"
      case "\t": out += "\\t"
      default:
        if scalar.value < 0x20 || scalar.value == 0x7F {
          out += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
        } else {
          out.unicodeScalars.append(scalar)
        }
      }
    }
    return out + "\""
  }
}
