// | --boundary CRLF | header fields CRLF | CRLF | value CRLF | --boundary CRLF ... | --boundary-- |
// (RFC 7578 and RFC 2046, 5.1; a lone line feed is taken for a line end too)

/// Values of a form in `multipart/form-data`. Files are passed over: no route takes any.
enum MultipartForm {
  /// The boundary that a Content-Type names; nil where it is of another kind.
  static func boundary(_ contentType: String?) -> [UInt8]? {
    guard let contentType else { return nil }
    let parts = contentType.split(separator: ";")
    guard let media = parts.first,
      media.lowercased().filter({ $0 != " " }) == "multipart/form-data"
    else { return nil }
    for part in parts.dropFirst() {
      guard let value = parameter(part, "boundary") else { continue }
      return value.isEmpty || value.utf8.count > 70 ? nil : Array(value.utf8)
    }
    return nil
  }

  static func values(_ body: [UInt8], _ boundary: [UInt8]) -> [(name: String, value: String)] {
    let mark = Array("--".utf8) + boundary
    var found: [(name: String, value: String)] = []
    var starts = places(of: mark, in: body)[...]
    while let start = starts.popFirst(), let end = starts.first {
      if let value = value(body[(start + mark.count)..<end]) { found.append(value) }
    }
    return found
  }

  /// Where a boundary stands at the beginning of a line.
  private static func places(of mark: [UInt8], in body: [UInt8]) -> [Int] {
    var places: [Int] = []
    var at = 0
    while at + mark.count <= body.count {
      if body[at..<(at + mark.count)].elementsEqual(mark) { places.append(at) }
      guard let lineEnd = body[at...].firstIndex(of: UInt8(ascii: "\n")) else { break }
      at = lineEnd + 1
    }
    return places
  }

  /// - Parameter part: from behind one boundary to the next.
  private static func value(_ part: ArraySlice<UInt8>) -> (name: String, value: String)? {
    var rest = part
    var name: String?
    // The first line is the end of the boundary's; an empty one ends the fields.
    var isFirst = true
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      let line = withoutLineEnd(rest[rest.startIndex...end])
      rest = rest[(end + 1)...]
      if !isFirst && line.isEmpty {
        guard let name else { return nil }
        return (name, String(decoding: withoutLineEnd(rest), as: UTF8.self))
      }
      isFirst = false
      let text = String(decoding: line, as: UTF8.self)
      guard text.lowercased().hasPrefix("content-disposition:") else { continue }
      let fields = text.split(separator: ";")
      if fields.contains(where: { parameter($0, "filename") != nil }) { return nil }
      name = fields.lazy.compactMap { parameter($0, "name") }.first
    }
    return nil
  }

  private static func withoutLineEnd(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var line = line
    if line.last == UInt8(ascii: "\n") { line.removeLast() }
    if line.last == UInt8(ascii: "\r") { line.removeLast() }
    return line
  }

  /// The value of `name=value` or `name="value"`; nil for another name.
  private static func parameter(_ text: Substring, _ name: String) -> String? {
    guard let equals = text.firstIndex(of: "=") else { return nil }
    guard text[..<equals].filter({ $0 != " " }).lowercased() == name else { return nil }
    var value = text[text.index(after: equals)...]
    while value.last == " " { value.removeLast() }
    if value.count >= 2, value.first == "\"", value.last == "\"" {
      value = value.dropFirst().dropLast()
    }
    return String(value)
  }
}
