internal import ApusSystem
package import ApusStorage

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
    var at = first.offset &* 8
    var time = head.time &+ state.delta
    var delta = state.delta
    var bits = head.bits
    var leading = 0
    var trailing = 0
    var hasWindow = false
    var index = start &+ 1
    let end = start &+ head.count
    // The second sample has no delta of delta: its Δt is behind us.
    var word = reader.word(at: at)
    var used = 0
    while true {
      // VAL, in the word that the time was taken from if it reaches that far.
      if word &>> 63 == 0 {
        at &+= 1
      } else if (word &>> 62) & 1 == 0 {
        let width = 64 &- leading &- trailing
        let x: UInt64
        if width &+ used <= 55 {
          x = (word &<< 2) &>> UInt64(64 &- width)
        } else {
          x = reader.bits(width, at: at &+ 2)
        }
        bits ^= x &<< UInt64(trailing)
        at &+= 2 &+ width
      } else {
        leading = Int(truncatingIfNeeded: (word &>> 57) & 31)
        let width = Int(truncatingIfNeeded: ((word &>> 51) &- 1) & 63) &+ 1
        trailing = 64 &- leading &- width
        guard trailing >= 0 else {
          if at &+ 13 > bytes.count &* 8 { throw .truncated }
          throw .corrupt("window of \(leading) and \(width) bits")
        }
        hasWindow = true
        bits ^= reader.bits(width, at: at &+ 13) &<< UInt64(trailing)
        at &+= 13 &+ width
      }
      times[index] = time
      values[index] = Double(bitPattern: bits)
      index &+= 1
      if index == end { break }
      word = reader.word(at: at)
      let ones = (~word).leadingZeroBitCount
      switch ones {
      case 0: used = 1
      case 1: (delta, used) = (delta &+ signed((word &<< 2) &>> 50, 14), 16)
      case 2: (delta, used) = (delta &+ signed((word &<< 3) &>> 47, 17), 20)
      case 3: (delta, used) = (delta &+ signed((word &<< 4) &>> 44, 20), 24)
      default:
        delta = delta &+ Int64(bitPattern: reader.bits(64, at: at &+ 4))
        at &+= 68
        used = 0
        word = reader.word(at: at)
      }
      at &+= used
      word = word &<< UInt64(used)
      time = time &+ delta
    }
    guard at <= bytes.count &* 8 else { throw .truncated }
    state.time = time
    state.bits = bits
    state.delta = delta
    state.leading = hasWindow ? UInt8(leading) : XORState.noWindow
    state.trailing = hasWindow ? UInt8(trailing) : 0
    state.bitCount = at
    return state
  }

  /// The number that `count` bits hold: 2^(count-1) is positive.
  @inline(__always)
  private static func signed(_ raw: UInt64, _ count: UInt64) -> Int64 {
    let value = Int64(bitPattern: raw)
    return raw > 1 &<< (count &- 1) ? value &- (1 &<< Int64(count)) : value
  }
}
