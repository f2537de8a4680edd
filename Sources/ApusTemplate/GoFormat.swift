internal import ApusModel

/// Values as Go's fmt prints them.
enum GoFormat {
  /// What an action prints.
  static func shown(_ value: TemplateValue) -> String {
    value.isNothing ? "<no value>" : plain(value)
  }

  /// `%v`
  static func plain(_ value: TemplateValue) -> String {
    switch value {
    case .nothing: "<nil>"
    case .bool(let value): "\(value)"
    case .int(let value): "\(value)"
    case .float(let value): FloatText.g(value)
    case .string(let text), .html(let text): text
    case .list(let list): "[" + list.map(plain).joined(separator: " ") + "]"
    case .samples(let list):
      "[" + list.map { plain(.sample($0)) }.joined(separator: " ") + "]"
    case .labels, .map, .textLists:
      "map[" + pairs(value).joined(separator: " ") + "]"
    case .fields(let fields, _):
      "{" + fields.map { plain($0.value) }.joined(separator: " ") + "}"
    case .sample(let sample):
      "{\(plain(.labels(sample.labels))) \(FloatText.g(sample.value))}"
    case .time(let time): time.description
    case .duration(let nanoseconds): GoDuration.text(nanoseconds)
    }
  }

  private static func pairs(_ value: TemplateValue) -> [String] {
    (value.elements ?? []).map { "\(plain($0.key)):\(plain($0.value))" }
  }

  /// A space stands between two operands that are both no strings.
  static func sprint(_ values: [TemplateValue]) -> String {
    var out = ""
    for (i, value) in values.enumerated() {
      if i > 0, !isString(value), !isString(values[i - 1]) { out += " " }
      out += plain(value)
    }
    return out
  }

  static func sprintln(_ values: [TemplateValue]) -> String {
    values.map(plain).joined(separator: " ") + "\n"
  }

  private static func isString(_ value: TemplateValue) -> Bool {
    switch value {
    case .string, .html: true
    default: false
    }
  }

  static func sprintf(_ format: String, _ values: [TemplateValue]) -> String {
    var state = FormatState(format: Array(format.utf8), values: values)
    return state.run()
  }
}

/// One `%` directive: flags, width, precision, verb.
struct FormatDirective {
  var isMinus = false
  var isPlus = false
  var isSharp = false
  var isSpace = false
  var isZero = false
  var width: Int?
  var precision: Int?

  /// Fills up to the width.
  func padded(_ text: String, mayZero: Bool = false) -> String {
    let missing = (width ?? 0) - text.unicodeScalars.count
    if missing <= 0 { return text }
    if isMinus { return text + String(repeating: " ", count: missing) }
    if isZero && mayZero {
      let sign = text.hasPrefix("-") || text.hasPrefix("+") ? 1 : 0
      return text.prefix(sign) + String(repeating: "0", count: missing) + text.dropFirst(sign)
    }
    return String(repeating: " ", count: missing) + text
  }

  func signed(_ text: String) -> String {
    if text.hasPrefix("-") || text.hasPrefix("+") {
      return isPlus || text.hasPrefix("-") ? text : String(text.dropFirst())
    }
    return isPlus ? "+" + text : (isSpace ? " " + text : text)
  }
}
