internal import ApusModel

/// sort, sort_desc, sort_by_label and sort_by_label_desc. Only instant queries keep the order.
final class Sort: Operator {
  enum Order {
    case value(isDescending: Bool)
    case labels([String], isDescending: Bool)
  }

  private let inner: any Operator
  private let order: Order
  private let query: Query
  private var result: BufferedOperator?

  init(_ inner: any Operator, _ order: Order, query: Query) {
    self.inner = inner
    self.order = order
    self.query = query
  }

  var labelsMayRepeat: Bool { inner.labelsMayRepeat }

  func next(_ block: inout SeriesBlock) throws(QueryError) -> Bool {
    if result == nil { result = BufferedOperator(try sorted()) }
    return try result?.next(&block) ?? false
  }

  private func sorted() throws(QueryError) -> [SeriesBlock] {
    var blocks: [SeriesBlock] = []
    var block = SeriesBlock()
    while try inner.next(&block) {
      if case .value = order {
        block.removeHistograms()
        if block.isEmpty { continue }
      }
      try query.hold(block.pointCount)
      blocks.append(block)
      block = SeriesBlock()
    }
    switch order {
    case .value(let isDescending):
      // In a range query the answer is in label order anyway.
      guard blocks.allSatisfy({ $0.count == 1 }) else { return blocks }
      blocks.sort { Sort.precedes($0.values[0], $1.values[0], isDescending) }
    case .labels(let names, let isDescending):
      blocks.sort { a, b in
        let comparison = Sort.compare(a.labels, b.labels, names)
        return isDescending ? comparison > 0 : comparison < 0
      }
    }
    return blocks
  }

  /// NaN comes last in both directions.
  private static func precedes(_ a: Double, _ b: Double, _ isDescending: Bool) -> Bool {
    if a.isNaN { return false }
    if b.isNaN { return true }
    return isDescending ? a > b : a < b
  }

  private static func compare(_ a: Labels, _ b: Labels, _ names: [String]) -> Int {
    for name in names {
      let x = a.value(of: name)
      let y = b.value(of: name)
      if x.utf8.elementsEqual(y.utf8) { continue }
      return NaturalOrder.precedes(Array(x.utf8), Array(y.utf8)) ? -1 : 1
    }
    return Labels.compare(a.bytes.span, b.bytes.span)
  }
}

/// Text with numbers in it, the numbers by value: `a2` before `a10`.
///
/// Source: github.com/facette/natsort, which Prometheus uses: chunks of digits and of other
/// characters are compared in turn.
enum NaturalOrder {
  static func precedes(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    let left = chunks(a)
    let right = chunks(b)
    for i in left.indices {
      guard i < right.count else { return false }
      if left[i] == right[i] { continue }
      if let x = number(left[i]), let y = number(right[i]) {
        if x == y { continue }
        return x < y
      }
      return left[i].lexicographicallyPrecedes(right[i])
    }
    return left.count < right.count
  }

  private static func chunks(_ text: [UInt8]) -> [[UInt8]] {
    var all: [[UInt8]] = []
    for byte in text {
      if let last = all.last?.last, isDigit(last) == isDigit(byte) {
        all[all.count - 1].append(byte)
      } else {
        all.append([byte])
      }
    }
    return all
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }

  private static func number(_ chunk: [UInt8]) -> UInt64? {
    guard let first = chunk.first, isDigit(first) else { return nil }
    return UInt64(String(decoding: chunk, as: UTF8.self))
  }
}
