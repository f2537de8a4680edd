/// Gorilla floats in the format of `XORChunk`, with the windows that take the fewest bits.
///
/// Prometheus's encoder keeps a window for as long as it covers the bits, even where a narrower
/// one would soon pay. The format leaves the choice free, so here the values are cut into runs
/// with one window each: a run of n values with s significant bits takes 11 + n * (2 + s) bits.
/// Every Prometheus reads the result.
///
/// The cuts are found in one pass, which holds the run that is open and the best part at its end
/// to be cut off. Chunks are one or two in a hundred longer than if all cuts were tried, which
/// took four times as long. (Benchmarks/StoreBench, `chunks 1440`.)
package struct DenseXOREncoder {
  /// Bits that announce a window.
  private static let declarationBits = 11

  /// Where a new window begins, counted in values that differ from the one before, and which:
  /// `starts` ascends.
  private var starts: [Int] = []
  private var windows: [(leading: Int, trailing: Int)] = []

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
    // Of samples on time with the value as it was, which are all zeros.
    var zeros = 0
    for index in (first + 1)..<max(range.upperBound, first + 1) {
      let newDelta = times[index] &- times[index - 1]
      let x = values[index].bitPattern ^ values[index - 1].bitPattern
      if newDelta == delta && x == 0 && index > first + 1 {
        zeros &+= 2
        continue
      }
      writer.putZeroRun(zeros)
      zeros = 0
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
        window = windows[run]
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
    writer.putZeroRun(zeros)
  }

  /// Values behind one another that share a window.
  private struct Run: BitwiseCopyable {
    var start = 0
    var count = 0
    var leading = 64
    var trailing = 64

    init() {}

    init(_ xor: UInt64, at start: Int) {
      self.start = start
      count = 1
      leading = min(xor.leadingZeroBitCount, XORCode.leadingMax)
      trailing = xor.trailingZeroBitCount
    }

    /// Bits of all values in the window, without those that control it.
    @inline(__always)
    var bits: Int { count &* (64 &- leading &- trailing) }

    /// With another one right behind it.
    @inline(__always)
    func joined(_ next: Run) -> Run {
      var run = self
      run.count &+= next.count
      run.leading = min(leading, next.leading)
      run.trailing = min(trailing, next.trailing)
      return run
    }
  }

  private mutating func chooseWindows(_ values: Span<Double>, _ range: Range<Int>) {
    starts.removeAll(keepingCapacity: true)
    windows.removeAll(keepingCapacity: true)
    var open = Run()
    // The open run cut in two, where that saves most: both are empty while there is no such cut.
    var front = Run()
    var tail = Run()
    var saved = 0
    var changed = 0
    var before = values[range.lowerBound].bitPattern
    var index = range.lowerBound &+ 1
    while index < range.upperBound {
      let bits = values[index].bitPattern
      let xor = bits ^ before
      before = bits
      index &+= 1
      if xor == 0 { continue }
      let own = Run(xor, at: changed)
      changed &+= 1
      let whole = open.count == 0 ? own : open.joined(own)
      let longerTail = tail.joined(own)
      let savedByLonger =
        tail.count == 0 ? 0 : whole.bits &- front.bits &- longerTail.bits
      saved = open.count == 0 ? 0 : whole.bits &- open.bits &- own.bits
      if savedByLonger > 0 && savedByLonger >= saved {
        saved = savedByLonger
        tail = longerTail
      } else {
        front = open
        tail = own
      }
      open = whole
      // Twice, for what follows may have to go back to the window before.
      if saved > 2 &* Self.declarationBits {
        close(front)
        open = tail
        front = Run()
        tail = Run()
        saved = 0
      }
    }
    if saved > Self.declarationBits {
      close(front)
      close(tail)
    } else {
      close(open)
    }
  }

  private mutating func close(_ run: Run) {
    guard run.count > 0 else { return }
    starts.append(run.start)
    windows.append((run.leading, run.trailing))
  }
}
