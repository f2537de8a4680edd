package import ApusStorage
internal import ApusSystem

/// Gorilla floats, a chunk at a time. Layout: XORChunk.
package enum XORDecoder {
  /// Appends the samples of a chunk to the float columns of `batch`.
  /// - Parameter count: of samples, where the chunk is open and its header not yet right; nil for
  ///   what the header says.
  /// - Returns: what an encoder needs to continue the chunk.
  /// - Throws: `ChunkError`; the batch is then as it was.
  @discardableResult
  package static func decode(
    _ bytes: Span<UInt8>, count: Int? = nil, into batch: inout SampleBatch
  ) throws(ChunkError) -> XORState {
    let head = try begin(bytes, count)
    guard head.count > 0 else { return XORState() }
    let start = batch.times.count
    // Taken out, so that both columns can be written at once.
    var times: [Int64] = []
    var values: [Double] = []
    swap(&times, &batch.times)
    swap(&values, &batch.values)
    defer {
      swap(&times, &batch.times)
      swap(&values, &batch.values)
    }
    times.append(contentsOf: repeatElement(head.time, count: head.count))
    values.append(contentsOf: repeatElement(Double(bitPattern: head.bits), count: head.count))
    do throws(ChunkError) {
      return try columns(bytes, head, times.mutableSpan, values.mutableSpan, from: start)
    } catch {
      times.removeLast(head.count)
      values.removeLast(head.count)
      throw error
    }
  }

  /// The state after the first sample, but for `count`, which is that of all.
  private static func begin(
    _ bytes: Span<UInt8>, _ count: Int?
  ) throws(ChunkError) -> XORState {
    var reader = ByteReader(bytes)
    var state = XORState()
    do throws(ByteReaderError) {
      let written = Int(try reader.be16())
      state.count = count ?? written
      if state.count > 0 {
        state.time = try reader.varint()
        state.bits = try reader.be64()
        state.bitCount = reader.offset * 8
      }
    } catch {
      throw .truncated
    }
    // A sample takes two bits at least: do not make room for what cannot be there.
    guard state.count <= bytes.count * 4 else { throw .truncated }
    return state
  }

  /// Fills the columns behind the first sample, which stands there.
  private static func columns(
    _ bytes: Span<UInt8>, _ head: XORState, _ timesOut: consuming MutableSpan<Int64>,
    _ valuesOut: consuming MutableSpan<Double>, from start: Int
  ) throws(ChunkError) -> XORState {
    var times = timesOut
    var values = valuesOut
    var state = head
    guard head.count > 1 else { return state }
    var first = ByteReader(bytes, at: head.bitCount / 8)
    do throws(ByteReaderError) {
      state.delta = Int64(bitPattern: try first.uvarint())
    } catch {
      throw .truncated
    }
    let reader = BitReader(bytes)
    var cursor = Cursor(head, at: first.offset &* 8, delta: state.delta)
    cursor.value(reader, reader.word(at: cursor.at), used: 0)
    times[start &+ 1] = cursor.time
    values[start &+ 1] = Double(bitPattern: cursor.bits)
    var index = start &+ 2
    let end = start &+ head.count
    while index < end {
      let word = reader.word(at: cursor.at)
      if word &>> 62 == 0 {
        // Samples on time with the value as it was take two zero bits each.
        let zeros = min(word.leadingZeroBitCount, BitReader.wordBits &- 1)
        let runEnd = min(index &+ zeros &>> 1, end)
        cursor.at &+= (runEnd &- index) &* 2
        let value = Double(bitPattern: cursor.bits)
        while index < runEnd {
          cursor.time &+= cursor.delta
          times[index] = cursor.time
          values[index] = value
          index &+= 1
        }
        continue
      }
      cursor.next(reader, word)
      times[index] = cursor.time
      values[index] = Double(bitPattern: cursor.bits)
      index &+= 1
    }
    if let error = cursor.error(bitCount: reader.bitCount) { throw error }
    cursor.finish(&state)
    return state
  }
}

extension XORDecoder {
  /// What the loop knows; it lives in registers.
  private struct Cursor {
    var time: Int64
    var bits: UInt64
    var delta: Int64
    private var leading = 0
    private var trailing = 0
    /// Bits of a value in the window.
    private var width = 64
    private var hasWindow = false
    /// Where the first window stands that cannot be; what comes out behind it means nothing.
    private var badWindowAt = Int.max
    /// Position of the next bit.
    var at: Int

    init(_ head: XORState, at: Int, delta: Int64) {
      self.at = at
      self.delta = delta
      time = head.time &+ delta
      bits = head.bits
    }

    /// DOD and VAL; `word` holds the bits from `at` on.
    @inline(__always)
    mutating func next(_ reader: borrowing BitReader, _ word: UInt64) {
      let used: Int
      switch (~word).leadingZeroBitCount {
      case 0: used = 1
      case 1: (delta, used) = (delta &+ XORCode.signed((word &<< 2) &>> 50, 14), 16)
      case 2: (delta, used) = (delta &+ XORCode.signed((word &<< 3) &>> 47, 17), 20)
      case 3: (delta, used) = (delta &+ XORCode.signed((word &<< 4) &>> 44, 20), 24)
      default:
        delta = delta &+ Int64(bitPattern: reader.bits(64, at: at &+ 4))
        at &+= 68
        time = time &+ delta
        value(reader, reader.word(at: at), used: 0)
        return
      }
      time = time &+ delta
      value(reader, word &<< UInt64(truncatingIfNeeded: used), used: used)
    }

    /// VAL, `used` bits behind `at`; `word` holds the bits from there on, as many less.
    @inline(__always)
    mutating func value(_ reader: borrowing BitReader, _ word: UInt64, used: Int) {
      let valid = BitReader.wordBits &- used
      if word &>> 63 == 0 {
        at &+= used &+ 1
        return
      }
      if (word &>> 62) & 1 == 0 {
        let x =
          width &+ 2 <= valid
          ? (word &<< 2) &>> UInt64(truncatingIfNeeded: 64 &- width)
          : reader.bits(width, at: at &+ used &+ 2)
        bits ^= x &<< UInt64(truncatingIfNeeded: trailing)
        at &+= used &+ 2 &+ width
        return
      }
      leading = Int(truncatingIfNeeded: (word &>> 57) & 31)
      width = Int(truncatingIfNeeded: ((word &>> 51) &- 1) & 63) &+ 1
      trailing = 64 &- leading &- width
      hasWindow = true
      if trailing < 0 {
        badWindowAt = min(badWindowAt, at &+ used)
        trailing = 0
        width = 64 &- leading
      }
      let x =
        width &+ XORCode.windowBits <= valid
        ? (word &<< UInt64(XORCode.windowBits)) &>> UInt64(truncatingIfNeeded: 64 &- width)
        : reader.bits(width, at: at &+ used &+ XORCode.windowBits)
      bits ^= x &<< UInt64(truncatingIfNeeded: trailing)
      at &+= used &+ XORCode.windowBits &+ width
    }

    /// What was wrong with the bytes.
    func error(bitCount: Int) -> ChunkError? {
      if badWindowAt <= bitCount &- XORCode.windowBits {
        return .corrupt("window of more than 64 bits at bit \(badWindowAt)")
      }
      return at <= bitCount && badWindowAt == .max ? nil : .truncated
    }

    func finish(_ state: inout XORState) {
      state.time = time
      state.bits = bits
      state.delta = delta
      state.leading = hasWindow ? UInt8(truncatingIfNeeded: leading) : XORState.noWindow
      state.trailing = hasWindow ? UInt8(truncatingIfNeeded: trailing) : 0
      state.bitCount = at
    }
  }
}
