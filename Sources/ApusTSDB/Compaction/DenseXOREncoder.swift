/// Gorilla floats in the format of `XORChunk`, with the windows that take the fewest bits.
///
/// Prometheus's encoder keeps a window for as long as it covers the bits, even where a narrower
/// one would soon pay. The format leaves the choice free, so here the values are cut into runs
/// with one window each by dynamic programming: a run of n values with s significant bits takes
/// 11 + n * (2 + s) bits. Every Prometheus reads the result.
package struct DenseXOREncoder {
  /// A new window is chosen for at most this many values; it may then go on for more.
  private static let runMax = 24
  private static let declarationBits: Int32 = 11

  /// Of the values that differ from the one before: zeros at both ends of the xor.
  private var leading: [UInt8] = []
  private var trailing: [UInt8] = []
  /// The fewest bits for the first n of them, and the length of the last run then, or
  /// 0 where the last value goes on with the window before it.
  private var bits: [Int32] = []
  private var runs: [UInt8] = []
  /// Where a new window begins, and which: `starts` ascends.
  private var starts: [Int] = []
  private var windows: [(leading: UInt8, trailing: UInt8)] = []

  package init() {}

  /// Writes a whole chunk of the samples in `range` into `writer`, which is emptied before.
  package mutating func encode(
    _ times: Span<Int64>, _ values: Span<Double>, _ range: Range<Int>,
    into writer: inout BitWriter
  ) {
    precondition(!range.isEmpty && range.count <= XORChunk.samplesMax, "chunk of \(range)")
    chooseWindows(values, range)
    let first = range.lowerBound
    writer.removeAll()
    writer.put(UInt64(range.count), 16)
    writer.varint(times[first])
    writer.put(values[first].bitPattern, 64)
    var delta: Int64 = 0
    var run = -1
    var changed = 0
    var nextStart = starts.first ?? .max
    var window = (leading: 0, trailing: 0)
    for index in (first + 1)..<max(range.upperBound, first + 1) {
      let newDelta = times[index] &- times[index - 1]
      let x = values[index].bitPattern ^ values[index - 1].bitPattern
      var head: (bits: UInt64, count: Int) = (0, 0)
      if index == first + 1 {
        writer.uvarint(UInt64(bitPattern: newDelta))
      } else {
        head = writer.deltaOfDelta(newDelta &- delta)
      }
      delta = newDelta
      if x == 0 {
        writer.put(head.bits &<< 1, head.count &+ 1, last: 1)
        continue
      }
      let isNew = changed == nextStart
      if isNew {
        run += 1
        window = (Int(windows[run].leading), Int(windows[run].trailing))
        nextStart = run + 1 < starts.count ? starts[run + 1] : .max
      }
      changed += 1
      let width = 64 &- window.leading &- window.trailing
      let control = isNew ? XORCode.window(leading: window.leading, width: width) : 0b10
      let controlBits = isNew ? XORCode.windowBits : 2
      writer.payload(
        x &>> UInt64(window.trailing), width,
        behind: head.bits &<< UInt64(controlBits) | control, head.count &+ controlBits)
    }
  }

  private mutating func chooseWindows(_ values: Span<Double>, _ range: Range<Int>) {
    leading.removeAll(keepingCapacity: true)
    trailing.removeAll(keepingCapacity: true)
    var before = values[range.lowerBound].bitPattern
    for index in range.dropFirst() {
      let now = values[index].bitPattern
      let x = now ^ before
      before = now
      guard x != 0 else { continue }
      // Five bits hold the number of leading zeros.
      leading.append(UInt8(min(x.leadingZeroBitCount, 31)))
      trailing.append(UInt8(x.trailingZeroBitCount))
    }
    findRuns()
    collectWindows()
  }

  private mutating func findRuns() {
    let count = leading.count
    bits.removeAll(keepingCapacity: true)
    bits.append(contentsOf: repeatElement(0, count: count + 1))
    runs.removeAll(keepingCapacity: true)
    runs.append(contentsOf: repeatElement(0, count: count + 1))
    // Taken out, so that both can be written while the others are read.
    var bits: [Int32] = []
    var runs: [UInt8] = []
    swap(&bits, &self.bits)
    swap(&runs, &self.runs)
    Self.findRuns(leading.span, trailing.span, &bits, &runs)
    swap(&bits, &self.bits)
    swap(&runs, &self.runs)
  }

  private static func findRuns(
    _ leading: Span<UInt8>, _ trailing: Span<UInt8>, _ bits: inout [Int32], _ runs: inout [UInt8]
  ) {
    // The window at the end of the best runs so far.
    var lastLeading: Int32 = 64
    var lastTrailing: Int32 = 64
    var end = 1
    while end <= leading.count {
      let ownLeading = Int32(leading[end - 1])
      let ownTrailing = Int32(trailing[end - 1])
      var least = Int32.max
      var leastRun = 0
      var leastLeading = ownLeading
      var leastTrailing = ownTrailing
      if ownLeading >= lastLeading && ownTrailing >= lastTrailing {
        least = bits[end - 1] &+ 66 &- lastLeading &- lastTrailing
        leastLeading = lastLeading
        leastTrailing = lastTrailing
      }
      var windowLeading = ownLeading
      var windowTrailing = ownTrailing
      var width = 64 &- windowLeading &- windowTrailing
      let ownWidth = width
      let most = min(runMax, end)
      var run = 1
      while run <= most {
        windowLeading = min(windowLeading, Int32(leading[end - run]))
        windowTrailing = min(windowTrailing, Int32(trailing[end - run]))
        let wider = 64 &- windowLeading &- windowTrailing
        // Where what was looked at so far would be better off alone, longer runs are as well.
        if Int32(run &- 1) &* (wider &- width) > declarationBits { break }
        if wider &- ownWidth > declarationBits { break }
        width = wider
        let total = bits[end - run] &+ declarationBits &+ Int32(run) &* (2 &+ width)
        if total < least {
          least = total
          leastRun = run
          leastLeading = windowLeading
          leastTrailing = windowTrailing
        }
        run &+= 1
      }
      bits[end] = least
      runs[end] = UInt8(leastRun)
      lastLeading = leastLeading
      lastTrailing = leastTrailing
      end += 1
    }
  }

  private mutating func collectWindows() {
    starts.removeAll(keepingCapacity: true)
    windows.removeAll(keepingCapacity: true)
    var end = leading.count
    while end > 0 {
      // Runs of length 0 go on with the window of the run before them.
      var runEnd = end
      while runs[runEnd] == 0 { runEnd -= 1 }
      let start = runEnd - Int(runs[runEnd])
      var window: (leading: UInt8, trailing: UInt8) = (31, 63)
      for index in start..<runEnd {
        window.leading = min(window.leading, leading[index])
        window.trailing = min(window.trailing, trailing[index])
      }
      // Going backwards: the run behind needs no window of its own if it has the same.
      if let last = windows.last, last == window {
        starts[starts.count - 1] = start
      } else {
        starts.append(start)
        windows.append(window)
      }
      end = start
    }
    starts.reverse()
    windows.reverse()
  }
}
