internal import ApusPromQLSyntax
internal import ApusSystem

/// Measures the operators of a query as it runs, and how they hang together.
///
/// Belongs to the thread that runs the query. Operators are entered in turn, so what one of them
/// has done itself is what happened while it ran, less what happened in those that it called.
final class ExplainRecorder {
  final class Node {
    let name: String
    let range: SourceRange?
    let steps: Int
    var series = 0
    var samples = 0
    /// Most bytes of one row that it worked on.
    var rowBytes = 0
    var total = Effort()
    var inner = Effort()
    var heldMax = 0
    var children: [Node] = []

    init(_ name: String, _ range: SourceRange?, steps: Int) {
      self.name = name
      self.range = range
      self.steps = steps
    }
  }

  /// What was done meanwhile.
  struct Effort {
    var ns: UInt64 = 0
    var touched = 0
    /// Samples that are still held.
    var held = 0
    /// Most samples that were held.
    var high = 0

    static func += (a: inout Effort, b: Effort) {
      a.ns &+= b.ns
      a.touched += b.touched
      a.held += b.held
      a.high = max(a.high, b.high)
    }
  }

  private let clock: any WallClock
  private var open: [Node] = []
  private(set) var roots: [Node] = []
  /// Of the operators that were entered since the running one began.
  private var entered = Effort()

  init(clock: any WallClock) { self.clock = clock }

  /// A node below the one whose operator is being made.
  func begin(_ name: String, _ range: SourceRange?, steps: Int) -> Node {
    let node = Node(name, range, steps: steps)
    if let parent = open.last { parent.children.append(node) } else { roots.append(node) }
    open.append(node)
    return node
  }

  func end() { open.removeLast() }

  /// Runs a part of an operator's work.
  func measure<Made>(
    _ node: Node, _ query: Query, _ work: () throws(QueryError) -> Made
  ) throws(QueryError) -> Made {
    let outer = entered
    entered = Effort()
    let startNs = clock.monotonicNs
    let touched = query.samplesLoaded
    let held = query.samplesHeld
    let outerHigh = query.samplesHigh
    query.samplesHigh = held
    defer {
      let spent = Effort(
        ns: clock.monotonicNs &- startNs, touched: query.samplesLoaded - touched,
        held: query.samplesHeld - held, high: query.samplesHigh - held)
      query.samplesHigh = max(outerHigh, query.samplesHigh)
      let before = node.total.held - node.inner.held
      node.total += spent
      node.inner += entered
      node.heldMax = max(
        node.heldMax, node.total.held - node.inner.held, before + spent.high - entered.high)
      entered = outer
      entered += spent
    }
    return try work()
  }

  func explanation(_ text: String) -> [Explanation] {
    let bytes = Array(text.utf8)
    return roots.map { ExplainRecorder.explanation($0, bytes) }
  }

  /// Bytes that a float with its time takes, as limits count.
  static let sampleBytes = 16

  private static func explanation(_ node: Node, _ text: [UInt8]) -> Explanation {
    var shown = ""
    if let range = node.range, range.start >= 0, range.start <= range.end,
      range.end <= text.count
    {
      shown = String(decoding: text[range.start..<range.end], as: UTF8.self)
    }
    return Explanation(
      operatorName: node.name, expression: shown, steps: node.steps, series: node.series,
      samples: node.samples, samplesRead: node.total.touched - node.inner.touched,
      bytes: node.heldMax * sampleBytes + node.rowBytes, seconds: Double(node.total.ns) / 1e9,
      selfSeconds: Double(node.total.ns &- node.inner.ns) / 1e9,
      children: node.children.map { explanation($0, text) })
  }
}
