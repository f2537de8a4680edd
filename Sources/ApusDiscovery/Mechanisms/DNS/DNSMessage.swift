/// Questions to name servers and their answers (RFC 1035, 2782, 3596, 6891). All numbers are big
/// endian.
///
///     | id 2 | flags 2 | questions 2 | answers 2 | authorities 2 | additional 2 | records ... |
///     question: | name | type 2 | class 2 |
///     record:   | name | type 2 | class 2 | seconds to live 4 | length 2 | data |
///     name:     | length 1 | label | ... | 0 |, or at any label | 11 in 2 bits, offset in 14 |
struct DNSMessage: Sendable, Equatable {
  enum Kind: UInt16, Sendable {
    case a = 1
    case ns = 2
    case cname = 5
    case mx = 15
    case aaaa = 28
    case srv = 33
  }

  enum Record: Sendable, Equatable {
    /// As text.
    case address(String)
    /// With the dot at the end.
    case ns(String)
    case cname(String)
    case mx(String)
    case srv(target: String, port: UInt16)
    case other(UInt16)
  }

  static let noError = 0
  static let nameError = 3

  let id: UInt16
  /// The reason of a refusal; `noError` for none.
  let code: Int
  /// Whether the answer was too long for the way it came.
  let isTruncated: Bool
  let answers: [Record]

  /// The bytes of a question.
  /// - Parameter datagramBytesMax: told to the server; 0 for the 512 that all know.
  /// - Returns: nil for a name that is none: a label of no or more than 63 bytes, or more than 255
  ///   in all.
  static func question(
    id: UInt16, name: String, kind: Kind, datagramBytesMax: Int
  ) -> [UInt8]? {
    guard let name = encoded(name) else { return nil }
    let hasOptions = datagramBytesMax > 0
    // Recursion desired; one question; perhaps one additional record.
    var bytes = pair(id) + [1, 0] + [0, 1, 0, 0, 0, 0, 0, hasOptions ? 1 : 0]
    bytes += name + pair(kind.rawValue) + [0, 1]
    if hasOptions {
      bytes += [0] + pair(41) + pair(UInt16(clamping: datagramBytesMax)) + [0, 0, 0, 0, 0, 0]
    }
    return bytes
  }

  private static func pair(_ number: UInt16) -> [UInt8] {
    [UInt8(truncatingIfNeeded: number >> 8), UInt8(truncatingIfNeeded: number)]
  }

  private static func encoded(_ name: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    let plain = name.hasSuffix(".") ? name.dropLast() : name[...]
    if !plain.isEmpty {
      for label in plain.split(separator: ".", omittingEmptySubsequences: false) {
        guard !label.isEmpty, label.utf8.count <= 63 else { return nil }
        bytes += [UInt8(label.utf8.count)] + Array(label.utf8)
      }
    }
    return bytes.count < 255 ? bytes + [0] : nil
  }
}

extension DNSMessage {
  /// Why bytes are no answer.
  struct Malformed: Error, CustomStringConvertible {
    let description: String
  }

  /// Reads an answer.
  init(_ bytes: [UInt8]) throws(Malformed) {
    var scan = Scan(bytes: bytes)
    id = try scan.number()
    let flags = try scan.number()
    guard flags & 0x8000 != 0 else { throw Malformed(description: "a question, no answer") }
    code = Int(flags & 0x000F)
    isTruncated = flags & 0x0200 != 0
    let questionCount = try scan.number()
    let answerCount = try scan.number()
    _ = try scan.number()
    _ = try scan.number()
    for _ in 0..<questionCount {
      _ = try scan.name()
      _ = try scan.number()
      _ = try scan.number()
    }
    var answers: [Record] = []
    for _ in 0..<answerCount {
      // What was cut off is asked for again by another way.
      if isTruncated && scan.isAtEnd { break }
      answers.append(try scan.record())
    }
    self.answers = answers
  }

  /// Goes through an answer. Never beyond its end.
  private struct Scan {
    let bytes: [UInt8]
    var at = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { at >= bytes.count }

    mutating func byte() throws(Malformed) -> UInt8 {
      guard at < bytes.count else { throw Malformed(description: "the answer ends too early") }
      at += 1
      return bytes[at - 1]
    }

    mutating func number() throws(Malformed) -> UInt16 {
      let high = try byte()
      return UInt16(high) << 8 | UInt16(try byte())
    }

    mutating func record() throws(Malformed) -> Record {
      _ = try name()
      let kind = try number()
      for _ in 0..<3 { _ = try number() }
      let length = Int(try number())
      let end = at + length
      guard end <= bytes.count else { throw Malformed(description: "a record ends too late") }
      defer { at = end }
      switch Kind(rawValue: kind) {
      case .a where length == 4:
        return .address(IPAddressText.v4(bytes[at..<end]))
      case .aaaa where length == 16:
        return .address(IPAddressText.v6(bytes[at..<end]))
      case .ns: return .ns(try name())
      case .cname: return .cname(try name())
      case .mx:
        _ = try number()
        return .mx(try name())
      case .srv:
        _ = try number()
        _ = try number()
        let port = try number()
        return .srv(target: try name(), port: port)
      case .a, .aaaa: throw Malformed(description: "an address of \(length) bytes")
      case nil: return .other(kind)
      }
    }

    /// A name with the dot at its end. A pointer leads back only, so that it cannot lead around.
    mutating func name() throws(Malformed) -> String {
      var text = ""
      var next = at
      var lowest = at
      var hasJumped = false
      var total = 0
      while true {
        guard next < bytes.count else { throw Malformed(description: "a name without an end") }
        let length = Int(bytes[next])
        next += 1
        if length == 0 { break }
        if length & 0xC0 == 0xC0 {
          guard next < bytes.count else { throw Malformed(description: "a name without an end") }
          let target = (length & 0x3F) << 8 | Int(bytes[next])
          if !hasJumped { at = next + 1 }
          hasJumped = true
          guard target < lowest else { throw Malformed(description: "a name that leads around") }
          lowest = target
          next = target
          continue
        }
        total += length + 1
        guard length < 64, total < 255, next + length <= bytes.count else {
          throw Malformed(description: "a name that is too long")
        }
        text += Self.escaped(bytes[next..<(next + length)]) + "."
        next += length
      }
      if !hasJumped { at = next }
      return text.isEmpty ? "." : text
    }

    /// A label as zone files write it.
    private static func escaped(_ label: ArraySlice<UInt8>) -> String {
      label.map { byte in
        switch byte {
        case UInt8(ascii: "."), UInt8(ascii: " "), UInt8(ascii: "'"), UInt8(ascii: "@"),
          UInt8(ascii: ";"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "\""),
          UInt8(ascii: "\\"):
          "\\\(Character(UnicodeScalar(byte)))"
        case 33..<127: String(Character(UnicodeScalar(byte)))
        default: "\\" + String(String(1_000 + Int(byte)).dropFirst())
        }
      }.joined()
    }
  }
}
