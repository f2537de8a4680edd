/// Text inside of addresses.
package enum URLText {
  /// A value of a query, as Go's `url.QueryEscape`: a space is a plus, all but letters, digits and
  /// `-_.~` is %XX.
  package static func queryEscaped(_ text: String) -> String {
    escaped(text, blank: "+")
  }

  /// A path with those bytes escaped that cannot stand in one, as Go's `URL.String` does.
  package static func pathEscaped(_ path: String) -> String {
    escaped(path, keeping: "$&+,/:;=@!'()*", blank: "%20")
  }

  /// All but letters, digits, `-_.~` and the bytes of `keeping` is %XX.
  package static func escaped(_ text: String, keeping: String = "", blank: String) -> String {
    var out: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
        UInt8(ascii: "."), UInt8(ascii: "~"):
        out.append(byte)
      case UInt8(ascii: " "): out += Array(blank.utf8)
      case _ where keeping.utf8.contains(byte): out.append(byte)
      default: out += Array("%\(byte.hexadecimal(to: 2).uppercased())".utf8)
      }
    }
    return String(decoding: out, as: UTF8.self)
  }
}
