/// Links from an alert back to its expression.
package enum GeneratorURL {
  /// `<external URL>/graph?g0.expr=<escaped>&g0.tab=1`
  package static func table(_ externalURL: String, _ expression: String) -> String {
    externalURL + "/graph?g0.expr=" + queryEscape(expression) + "&g0.tab=1"
  }

  /// As Go's url.QueryEscape: a space is a plus, all but letters, digits and `-_.~` is %XX.
  package static func queryEscape(_ text: String) -> String {
    let hex = Array("0123456789ABCDEF".utf8)
    var out: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
        UInt8(ascii: "."), UInt8(ascii: "~"):
        out.append(byte)
      case UInt8(ascii: " "): out.append(UInt8(ascii: "+"))
      default: out += [UInt8(ascii: "%"), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
      }
    }
    return String(decoding: out, as: UTF8.self)
  }
}
