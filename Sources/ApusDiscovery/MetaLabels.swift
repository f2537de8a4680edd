internal import ApusModel

/// Forms that labels of discovered targets have in common.
enum MetaLabels {
  /// A text with all that cannot stand in a label name replaced by `_`.
  static func name(_ text: String) -> String {
    var out = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", "_": out.append(scalar)
      default: out.append("_")
      }
    }
    return String(out)
  }

  /// `host:port`, an IPv6 address in brackets.
  static func address(_ host: String, _ port: some CustomStringConvertible) -> String {
    host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
  }

  /// Texts with the separator around each, so that patterns need not care for positions.
  static func list(_ texts: [String], separator: String = ",") -> String {
    separator + texts.joined(separator: separator) + separator
  }
}

extension LabelsBuilder {
  /// `prefix` and the name of each pair, made a label name.
  mutating func set(_ pairs: [String: String], prefix: String) {
    // In order, so that of two names that become one the same always wins.
    for (name, value) in pairs.sorted(by: { $0.key < $1.key }) {
      set(prefix + MetaLabels.name(name), value)
    }
  }

  /// Kubernetes' and other APIs' pairs: the value, and whether there is one.
  mutating func setPresent(_ pairs: [String: String], prefix: String, kind: String) {
    set(pairs, prefix: "\(prefix)\(kind)_")
    for name in pairs.keys { set("\(prefix)\(kind)present_\(MetaLabels.name(name))", "true") }
  }

  /// All labels of another set over these.
  mutating func merge(_ labels: Labels) {
    for label in labels { set(label.name, label.value) }
  }
}
