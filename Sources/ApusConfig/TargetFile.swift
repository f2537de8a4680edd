package import ApusModel

/// Target groups as files and HTTP servers list them, in YAML or JSON:
/// `[{"targets": ["host:port", ...], "labels": {"name": "value", ...}}, ...]`
package enum TargetFile {
  /// - Parameters:
  ///   - source: names the groups: `source:0`, `source:1`, ...
  ///   - label: added to the labels of every group.
  package static func decode(
    _ bytes: [UInt8], source: String, label: Label
  ) throws(ConfigErrors) -> [TargetGroup] {
    let errors = ErrorList(file: source)
    var document = YAMLDocument(errors: errors)
    let node = document.parse(plain(bytes))
    let groups = node.map { self.groups($0, errors, source: source, label: label) } ?? []
    guard errors.isEmpty else { throw ConfigErrors(errors.sorted) }
    return groups
  }

  private static func groups(
    _ node: YAMLNode, _ errors: ErrorList, source: String, label: Label
  ) -> [TargetGroup] {
    if node.isNull { return [] }
    guard case .sequence(let items) = node.content else {
      errors.add(
        .field, line: node.line, "cannot unmarshal \(node.shown) into []*targetgroup.Group")
      return []
    }
    let reader = SectionReader(errors: errors, directory: "")
    let decoder = RecordDecoder(errors: errors)
    var groups: [TargetGroup] = []
    for (index, item) in items.enumerated() {
      if item.isNull {
        errors.add(.value, line: item.line, "nil target group item found (index \(index))")
        continue
      }
      guard let record = decoder.record(item, SharedSchemas.targetGroup) else { continue }
      let labels = reader.labels(record, "labels", validation: .utf8)
      groups.append(
        TargetGroup(
          source: "\(source):\(index)",
          targets: record.strings("targets").map { Labels([Label(LabelNames.address, $0)]) },
          labels: Labels(labels + [label])))
    }
    return groups
  }

  /// JSON is YAML, but for characters beyond the first 65,536, which JSON may write as two
  /// escapes. They become the one escape that YAML knows.
  private static func plain(_ bytes: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(bytes.count)
    var at = 0
    while at < bytes.count {
      if bytes[at] == UInt8(ascii: "\\"), at + 1 < bytes.count {
        if let high = escape(bytes, at), (0xD800..<0xDC00).contains(high),
          let low = escape(bytes, at + 6), (0xDC00..<0xE000).contains(low)
        {
          let scalar = 0x10000 + (high - 0xD800) << 10 + (low - 0xDC00)
          let hex = String(scalar, radix: 16)
          out += Array("\\U\(String(repeating: "0", count: 8 - hex.utf8.count))\(hex)".utf8)
          at += 12
          continue
        }
        out += bytes[at...(at + 1)]
        at += 2
        continue
      }
      out.append(bytes[at])
      at += 1
    }
    return out
  }

  /// The number of a `\uXXXX` at a position.
  private static func escape(_ bytes: [UInt8], _ at: Int) -> UInt32? {
    guard at + 6 <= bytes.count, bytes[at] == UInt8(ascii: "\\"),
      bytes[at + 1] == UInt8(ascii: "u")
    else { return nil }
    return UInt32(String(decoding: bytes[(at + 2)..<(at + 6)], as: UTF8.self), radix: 16)
  }
}
