internal import ApusModel

/// Go's `fmt.Sprintf`: verbs %v %s %q %d %b %o %x %X %c %U %e %E %f %F %g %G %t %T %p, flags,
/// width, precision, `*` and argument numbers; and its notes on what does not fit.
struct FormatState {
  let format: [UInt8]
  let values: [TemplateValue]
  private var index = 0
  private var next = 0
  private var isReordered = false
  private var out = ""

  init(format: [UInt8], values: [TemplateValue]) {
    self.format = format
    self.values = values
  }

  mutating func run() -> String {
    while index < format.count {
      let start = index
      while index < format.count, format[index] != UInt8(ascii: "%") { index += 1 }
      out += String(decoding: format[start..<index], as: UTF8.self)
      if index < format.count {
        index += 1
        directive()
      }
    }
    if !isReordered && next < values.count { appendExtra() }
    return out
  }

  private mutating func appendExtra() {
    let extra = values[next...].map { value in
      value.isNothing ? "<nil>" : "\(value.typeName)=\(GoFormat.plain(value))"
    }
    out += "%!(EXTRA \(extra.joined(separator: ", ")))"
  }

  private mutating func directive() {
    var spec = FormatDirective()
    flags: while index < format.count {
      switch format[index] {
      case UInt8(ascii: "-"): spec.isMinus = true
      case UInt8(ascii: "+"): spec.isPlus = true
      case UInt8(ascii: "#"): spec.isSharp = true
      case UInt8(ascii: " "): spec.isSpace = true
      case UInt8(ascii: "0"): spec.isZero = true
      default: break flags
      }
      index += 1
    }
    readArgumentNumber()
    spec.width = readNumber()
    if let width = spec.width, width < 0 {
      spec.isMinus = true
      spec.width = -width
    }
    if index < format.count, format[index] == UInt8(ascii: ".") {
      index += 1
      readArgumentNumber()
      spec.precision = max(readNumber() ?? 0, 0)
    }
    readArgumentNumber()
    guard index < format.count else {
      out += "%!(NOVERB)"
      return
    }
    let verb = Character(nextScalar())
    if verb == "%" {
      out += "%"
      return
    }
    guard values.indices.contains(next) else {
      out += "%!\(verb)(BADINDEX)".replacing(
        "BADINDEX", with: isReordered ? "BADINDEX" : "MISSING")
      return
    }
    let value = values[next]
    next += 1
    out += FormatVerb.text(value, verb, spec)
  }

  private mutating func nextScalar() -> Unicode.Scalar {
    var iterator = format[index...].makeIterator()
    var decoder = UTF8()
    guard case .scalarValue(let scalar) = decoder.decode(&iterator) else {
      index += 1
      return "\u{FFFD}"
    }
    index += String(scalar).utf8.count
    return scalar
  }

  /// Digits, or `*` for the next argument.
  private mutating func readNumber() -> Int? {
    if index < format.count, format[index] == UInt8(ascii: "*") {
      index += 1
      guard values.indices.contains(next), case .int(let value) = values[next] else {
        return nil
      }
      next += 1
      return Int(max(-Int64(Limits.formatWidthMax), min(value, Int64(Limits.formatWidthMax))))
    }
    var number: Int?
    while index < format.count, TemplateLexer.isDigit(format[index]) {
      number = min((number ?? 0) * 10 + Int(format[index] - 48), Limits.formatWidthMax)
      index += 1
    }
    return number
  }

  /// `[2]` chooses the argument.
  private mutating func readArgumentNumber() {
    guard index < format.count, format[index] == UInt8(ascii: "["),
      let close = format[index...].firstIndex(of: UInt8(ascii: "]")),
      let number = Int(String(decoding: format[(index + 1)..<close], as: UTF8.self))
    else { return }
    isReordered = true
    next = number - 1
    index = close + 1
  }
}

/// One value under one verb.
enum FormatVerb {
  static func text(_ value: TemplateValue, _ verb: Character, _ spec: FormatDirective) -> String {
    switch verb {
    case "T": return spec.padded(value.isNothing ? "<nil>" : value.typeName)
    case "v": if value.isNothing { return spec.padded("<nil>") }
    default: break
    }
    switch value {
    case .nothing: return "%!\(verb)(<nil>)"
    case .bool(let flag):
      return verb == "t" || verb == "v" ? spec.padded("\(flag)") : bad(value, verb)
    case .int(let int): return integer(int, verb, spec) ?? bad(value, verb)
    case .float(let float): return self.float(float, verb, spec) ?? bad(value, verb)
    case .string(let text), .html(let text): return string(text, verb, spec) ?? bad(value, verb)
    case .time, .duration:
      if verb == "v" || verb == "s" || verb == "q" {
        return string(GoFormat.plain(value), verb, spec) ?? bad(value, verb)
      }
      if case .duration(let nanoseconds) = value, verb == "d" {
        return integer(nanoseconds, verb, spec) ?? bad(value, verb)
      }
      return bad(value, verb)
    default: return composite(value, verb, spec)
    }
  }

  private static func bad(_ value: TemplateValue, _ verb: Character) -> String {
    "%!\(verb)(\(value.typeName)=\(GoFormat.plain(value)))"
  }

  /// The verb goes to every element.
  private static func composite(
    _ value: TemplateValue, _ verb: Character, _ spec: FormatDirective
  ) -> String {
    switch value {
    case .list(let list):
      return "[" + list.map { text($0, verb, spec) }.joined(separator: " ") + "]"
    case .samples(let list):
      return "[" + list.map { text(.sample($0), verb, spec) }.joined(separator: " ") + "]"
    case .sample(let sample):
      let parts = [
        text(.labels(sample.labels), verb, spec), text(.float(sample.value), verb, spec),
      ]
      return "{" + parts.joined(separator: " ") + "}"
    case .fields(let fields, _):
      return "{" + fields.map { text($0.value, verb, spec) }.joined(separator: " ") + "}"
    default:
      let pairs = (value.elements ?? []).map {
        "\(text($0.key, verb, spec)):\(text($0.value, verb, spec))"
      }
      return "map[" + pairs.joined(separator: " ") + "]"
    }
  }

  private static func string(
    _ text: String, _ verb: Character, _ spec: FormatDirective
  ) -> String? {
    var shown = text
    if let precision = spec.precision, verb != "x", verb != "X" {
      shown = String(String.UnicodeScalarView(text.unicodeScalars.prefix(precision)))
    }
    switch verb {
    case "v" where spec.isSharp: return spec.padded(GoQuote.quote(shown))
    case "s", "v": return spec.padded(shown)
    case "q": return spec.padded(GoQuote.quote(shown))
    case "x", "X":
      let bytes = Array(text.utf8.prefix(spec.precision ?? Int.max))
      let hex = bytes.map { byte in
        let digits = String(byte, radix: 16, uppercase: verb == "X")
        return digits.utf8.count == 1 ? "0" + digits : digits
      }
      return spec.padded(hex.joined(separator: spec.isSpace ? " " : ""))
    default: return nil
    }
  }

  private static func integer(
    _ value: Int64, _ verb: Character, _ spec: FormatDirective
  ) -> String? {
    let radix: Int
    var prefix = ""
    switch verb {
    case "d", "v": radix = 10
    case "b": (radix, prefix) = (2, spec.isSharp ? "0b" : "")
    case "o": (radix, prefix) = (8, spec.isSharp ? "0" : "")
    case "O": (radix, prefix) = (8, "0o")
    case "x": (radix, prefix) = (16, spec.isSharp ? "0x" : "")
    case "X": (radix, prefix) = (16, spec.isSharp ? "0X" : "")
    case "c", "q", "U": return character(value, verb, spec)
    default: return nil
    }
    var digits = String(value.magnitude, radix: radix, uppercase: verb == "X")
    if let precision = spec.precision {
      digits = String(repeating: "0", count: max(0, precision - digits.utf8.count)) + digits
    }
    let text = spec.signed((value < 0 ? "-" : "") + prefix + digits)
    return spec.padded(text, mayZero: spec.precision == nil)
  }

  private static func character(
    _ value: Int64, _ verb: Character, _ spec: FormatDirective
  ) -> String? {
    let scalar = UInt32(exactly: value).flatMap { Unicode.Scalar($0) } ?? "\u{FFFD}"
    switch verb {
    case "c": return spec.padded(String(scalar))
    case "q":
      let inner = GoQuote.quote(String(scalar)).dropFirst().dropLast()
      return spec.padded(scalar == "'" ? "'\\''" : (scalar == "\"" ? "'\"'" : "'\(inner)'"))
    default:
      let hex = String(value, radix: 16, uppercase: true)
      return spec.padded("U+" + String(repeating: "0", count: max(0, 4 - hex.utf8.count)) + hex)
    }
  }

  private static func float(
    _ value: Double, _ verb: Character, _ spec: FormatDirective
  ) -> String? {
    let text: String
    switch verb {
    case "v":
      text = spec.precision.map { FloatText.general(value, precision: $0) } ?? FloatText.g(value)
    case "g", "G":
      text = spec.precision.map { FloatText.general(value, precision: $0) } ?? FloatText.g(value)
    case "f", "F": text = FloatText.fixed(value, places: spec.precision ?? 6)
    case "e", "E": text = FloatText.exponential(value, places: spec.precision ?? 6)
    default: return nil
    }
    let isUpper = verb == "G" || verb == "E"
    let cased = isUpper && value.isFinite ? text.uppercased() : text
    // An infinity always shows its sign, and is never filled with zeros.
    let signed = value == .infinity ? (spec.isSpace ? " Inf" : "+Inf") : spec.signed(cased)
    return spec.padded(signed, mayZero: value.isFinite)
  }
}
