internal import NIOPosix

extension XMLTree {
  /// The outermost element of a text, long ones on a thread for such work.
  static func decode(_ bytes: [UInt8]) async throws -> XMLTree {
    if bytes.count <= Limits.inlineDecodeBytesMax { return try parse(bytes) }
    return try await NIOThreadPool.singleton.runIfActive { try parse(bytes) }
  }

  /// The outermost element of a text.
  static func parse(_ bytes: [UInt8]) throws(XMLTreeError) -> XMLTree {
    var scan = XMLScan(bytes: bytes)
    return try scan.document()
  }
}

/// Goes through a text of XML. Never beyond its end.
private struct XMLScan {
  let bytes: [UInt8]
  var at = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  /// An element whose end has not come yet.
  private struct Open {
    var tree: XMLTree
    let innerStart: Int
  }

  mutating func document() throws(XMLTreeError) -> XMLTree {
    var open: [Open] = []
    while at < bytes.count {
      guard bytes[at] == UInt8(ascii: "<") else {
        let text = try text()
        if open.isEmpty {
          if text.contains(where: { !$0.isWhitespace && $0 != "\u{FEFF}" }) {
            throw error("text outside of all elements")
          }
        } else {
          open[open.count - 1].tree.text += text
        }
        continue
      }
      if try skipMarkup() { continue }
      if let literal = try literal() {
        guard !open.isEmpty else { throw error("text outside of all elements") }
        open[open.count - 1].tree.text += literal
      } else if has("</") {
        if let root = try close(&open) { return root }
      } else if let root = try start(&open) {
        return root
      }
    }
    throw error("the text ends too early")
  }

  private func error(_ text: String) -> XMLTreeError { XMLTreeError(text: text, at: at) }

  private func has(_ text: StaticString) -> Bool {
    let wanted = text.description.utf8
    return bytes.count - at >= wanted.count && bytes[at...].starts(with: wanted)
  }

  /// Takes what stands before `ending`, and goes behind that.
  private mutating func through(_ ending: StaticString) throws(XMLTreeError) -> ArraySlice<UInt8> {
    let start = at
    while at < bytes.count {
      if has(ending) {
        let found = bytes[start..<at]
        at += ending.description.utf8.count
        return found
      }
      at += 1
    }
    throw error("no end of what began before")
  }

  /// Comments and processing instructions.
  private mutating func skipMarkup() throws(XMLTreeError) -> Bool {
    if has("<!--") {
      at += 4
      _ = try through("-->")
      return true
    }
    if has("<?") {
      _ = try through("?>")
      return true
    }
    if has("<!DOCTYPE") { throw error("document types are not read") }
    return false
  }

  private mutating func literal() throws(XMLTreeError) -> String? {
    guard has("<![CDATA[") else { return nil }
    at += 9
    return String(decoding: try through("]]>"), as: UTF8.self)
  }

  /// - Returns: the outermost element, when it is the one that ends.
  private mutating func close(_ open: inout [Open]) throws(XMLTreeError) -> XMLTree? {
    let end = at
    at += 2
    let name = String(decoding: try through(">"), as: UTF8.self).filter { !$0.isWhitespace }
    guard var last = open.popLast(), last.tree.name == localName(name) else {
      throw error("an element ends that did not begin")
    }
    last.tree.inner = String(decoding: bytes[last.innerStart..<end], as: UTF8.self)
    return add(last.tree, &open)
  }

  private func add(_ tree: XMLTree, _ open: inout [Open]) -> XMLTree? {
    if open.isEmpty { return tree }
    open[open.count - 1].tree.children.append(tree)
    return nil
  }

  private func localName(_ name: some StringProtocol) -> String {
    name.lastIndex(of: ":").map { String(name[name.index(after: $0)...]) } ?? String(name)
  }

  private mutating func start(_ open: inout [Open]) throws(XMLTreeError) -> XMLTree? {
    at += 1
    let name = word()
    if name.isEmpty { throw error("the name of an element is missing") }
    if open.count >= Limits.decodeDepthMax { throw error("nested too deeply") }
    var tree = XMLTree(name: localName(name))
    while at < bytes.count {
      skipBlanks()
      if has("/>") {
        at += 2
        return add(tree, &open)
      }
      if has(">") {
        at += 1
        open.append(Open(tree: tree, innerStart: at))
        return nil
      }
      let key = word()
      skipBlanks()
      guard !key.isEmpty, has("=") else { throw error("an attribute without a value") }
      at += 1
      skipBlanks()
      let quote: StaticString = has("\"") ? "\"" : "'"
      guard has(quote) else { throw error("the value of an attribute without quotes") }
      at += 1
      tree.attributes[localName(key)] = try plain(try through(quote))
    }
    throw error("the text ends too early")
  }

  private mutating func skipBlanks() {
    while at < bytes.count, bytes[at] == 32 || (9...13).contains(bytes[at]) { at += 1 }
  }

  private mutating func word() -> String {
    let start = at
    while at < bytes.count, bytes[at] > 32, !"/>='\"<".utf8.contains(bytes[at]) { at += 1 }
    return String(decoding: bytes[start..<at], as: UTF8.self)
  }

  private mutating func text() throws(XMLTreeError) -> String {
    let start = at
    while at < bytes.count, bytes[at] != UInt8(ascii: "<") { at += 1 }
    return try plain(bytes[start..<at])
  }

  /// Text with its entities replaced.
  private func plain(_ raw: ArraySlice<UInt8>) throws(XMLTreeError) -> String {
    guard raw.contains(UInt8(ascii: "&")) else { return String(decoding: raw, as: UTF8.self) }
    var out: [UInt8] = []
    var rest = raw
    while let ampersand = rest.firstIndex(of: UInt8(ascii: "&")) {
      out += rest[..<ampersand]
      guard let end = rest[ampersand...].prefix(12).firstIndex(of: UInt8(ascii: ";")) else {
        throw error("an entity without an end")
      }
      let name = String(decoding: rest[(ampersand + 1)..<end], as: UTF8.self)
      guard let character = character(name) else { throw error("an unknown entity \(name)") }
      out += Array(String(character).utf8)
      rest = rest[(end + 1)...]
    }
    return String(decoding: out + rest, as: UTF8.self)
  }

  private func character(_ name: String) -> Character? {
    switch name {
    case "amp": return "&"
    case "lt": return "<"
    case "gt": return ">"
    case "quot": return "\""
    case "apos": return "'"
    default:
      guard name.hasPrefix("#") else { return nil }
      let digits = name.dropFirst()
      let number =
        digits.hasPrefix("x") ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
      return number.flatMap { Unicode.Scalar($0) }.map { Character($0) }
    }
  }
}
