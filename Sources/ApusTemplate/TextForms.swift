/// Case changes as Go makes them: one character becomes one character.
enum TextForms {
  static func upper(_ text: String) -> String { mapped(text, \.properties.uppercaseMapping) }

  static func lower(_ text: String) -> String { mapped(text, \.properties.lowercaseMapping) }

  /// The first letter of every word in upper case.
  static func title(_ text: String) -> String {
    var out = ""
    var isStart = true
    for scalar in text.unicodeScalars {
      out += isStart ? single(scalar, scalar.properties.titlecaseMapping) : String(scalar)
      isStart = isSeparator(scalar)
    }
    return out
  }

  private static func mapped(
    _ text: String, _ mapping: (Unicode.Scalar) -> String
  ) -> String {
    var out = ""
    for scalar in text.unicodeScalars { out += single(scalar, mapping(scalar)) }
    return out
  }

  private static func single(_ scalar: Unicode.Scalar, _ mapped: String) -> String {
    mapped.unicodeScalars.count == 1 ? mapped : String(scalar)
  }

  private static func isSeparator(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.value < 0x80 {
      return !(TemplateLexer.isWord(scalar))
    }
    return scalar.properties.isWhitespace
  }
}
