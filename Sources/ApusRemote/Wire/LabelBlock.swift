internal import ApusModel
internal import ApusSystem

/// Makes labels of the label fields of a series, as they stand in a request.
enum LabelBlock {
  /// Nil where no series may have these labels: no metric name, an empty or doubled label name,
  /// or text that is not UTF-8.
  static func labels(_ block: Span<UInt8>) throws(ProtobufError) -> Labels? {
    var pairs: [Pair] = []
    var isSorted = true
    var reader = ProtobufReader(block)
    while try reader.next() {
      guard reader.field == 1 else { continue }
      let label = try reader.bytes()
      let start = reader.offset - label.count
      let pair = try readPair(label, startingAt: start)
      if pair.name.isEmpty { return nil }
      if let last = pairs.last {
        let order = compareBytes(block.extracting(last.name), block.extracting(pair.name))
        if order == 0 { return nil }
        if order > 0 { isSorted = false }
      }
      pairs.append(pair)
    }
    if !isSorted {
      pairs.sort { compareBytes(block.extracting($0.name), block.extracting($1.name)) < 0 }
      for (a, b) in zip(pairs, pairs.dropFirst())
      where compareBytes(block.extracting(a.name), block.extracting(b.name)) == 0 { return nil }
    }
    return encode(pairs, block)
  }

  /// The same of a part of a larger buffer.
  static func labels(
    _ bytes: borrowing ByteWriter, _ range: Range<Int>
  ) throws(ProtobufError) -> Labels? {
    try labels(bytes.span.extracting(range))
  }

  private struct Pair {
    var name = 0..<0
    var value = 0..<0
  }

  private static func readPair(
    _ label: Span<UInt8>, startingAt start: Int
  ) throws(ProtobufError) -> Pair {
    var pair = Pair()
    var reader = ProtobufReader(label)
    while try reader.next() {
      guard reader.field == 1 || reader.field == 2 else { continue }
      let text = try reader.bytes()
      let end = start + reader.offset
      if reader.field == 1 {
        pair.name = (end - text.count)..<end
      } else {
        pair.value = (end - text.count)..<end
      }
    }
    return pair
  }

  private static func encode(_ pairs: [Pair], _ block: Span<UInt8>) -> Labels? {
    let metricName = LabelNames.metricName.utf8.span
    var hasName = false
    var encoder = LabelsEncoder()
    for pair in pairs where !pair.value.isEmpty {
      let name = block.extracting(pair.name)
      let value = block.extracting(pair.value)
      guard isUTF8(name), isUTF8(value) else { return nil }
      if compareBytes(name, metricName) == 0 { hasName = true }
      encoder.append(name: name, value: value)
    }
    return hasName ? encoder.labels() : nil
  }

  private static func isUTF8(_ text: Span<UInt8>) -> Bool {
    var isASCII = true
    for i in text.indices where text[i] >= 0x80 { isASCII = false }
    return isASCII || (try? UTF8Span(validating: text)) != nil
  }
}
