internal import ApusModel

// | count 2 | sample 0: t varint, value 64 bits | sample 1: Δt uvarint, VAL | DOD, VAL | ... |
//
// DOD, the change of Δt:            VAL, x = bits xor those of the sample before:
//   0                = 0              0                            x = 0
//   10   + 14 bits                    10 + 64-L-T bits             window as before
//   110  + 17 bits                    11 + L 5 + S 6 + S bits   new window, T = 64-L-S, S 0 is 64
//   1110 + 20 bits
//   1111 + 64 bits                  n bits hold -(2^(n-1)-1) ... 2^(n-1)
//
// The count is big endian. Mirror image: XORDecoder.

/// What an encoder of floats knows between two samples.
package struct XORState: Sendable, Equatable, BitwiseCopyable {
  /// Of the newest sample, ms since the epoch.
  package var time: Int64 = 0
  /// Bits of the newest value.
  package var bits: UInt64 = 0
  /// Time between the newest two samples, ms.
  package var delta: Int64 = 0
  /// The window; `leading` is 0xFF while there is none.
  package var leading: UInt8 = XORState.noWindow
  package var trailing: UInt8 = 0
  /// Samples in the chunk.
  package var count = 0
  /// Bits in the chunk, with the 16 of the count.
  package var bitCount = 16

  package static let noWindow: UInt8 = 0xFF

  package init() {}
}

/// Gorilla floats, appended one by one; the bytes are those of Prometheus's encoder
/// (tsdb/chunkenc/xor.go).
package struct XORChunk: ~Copyable {
  private var writer: BitWriter
  private var known = XORState()

  /// The most samples that the count can hold.
  package static let samplesMax = 65_535

  package init(capacityBytes: Int = 256) {
    writer = BitWriter(capacityBytes: capacityBytes)
    writer.putZeros(16)
  }

  package var count: Int { known.count }

  package var byteCount: Int { writer.byteCount }

  package var state: XORState {
    var state = known
    state.bitCount = writer.bitCount
    return state
  }

  /// The finished bytes, borrowed.
  package var span: Span<UInt8> {
    @_lifetime(borrow self)
    get { writer.span }
  }

  /// Begins an empty chunk in the same memory.
  package mutating func removeAll() {
    writer.removeAll()
    writer.putZeros(16)
    known = XORState()
  }

  /// Continues a chunk that was decoded.
  package mutating func resume(_ bytes: Span<UInt8>, _ state: XORState) {
    writer.load(bytes, bitCount: state.bitCount)
    known = state
  }

  /// Adds a sample. There must be fewer than `samplesMax`.
  package mutating func append(timeMs time: Int64, value: Double) {
    precondition(known.count < Self.samplesMax, "chunk overfull: \(known.count)")
    add(time, value.bitPattern)
    writeCount()
  }

  /// Adds the samples in `range` of two columns. No more than `samplesMax` with those that are
  /// there.
  package mutating func append(
    _ times: Span<Int64>, _ values: Span<Double>, _ range: Range<Int>
  ) {
    precondition(
      known.count + range.count <= Self.samplesMax, "chunk overfull: \(range.count) more")
    for index in range { add(times[index], values[index].bitPattern) }
    writeCount()
  }

  @inline(__always)
  private mutating func add(_ time: Int64, _ bits: UInt64) {
    let delta = time &- known.time
    let xor = bits ^ known.bits
    if known.count > 1 {
      writer.sample(delta &- known.delta, xor, &known.leading, &known.trailing)
      known.delta = delta
    } else if known.count == 1 {
      writer.uvarint(UInt64(bitPattern: delta))
      writer.value(xor, &known.leading, &known.trailing)
      known.delta = delta
    } else {
      writer.varint(time)
      writer.put(bits, 64)
    }
    known.time = time
    known.bits = bits
    known.count &+= 1
  }

  @inline(__always)
  private mutating func writeCount() {
    writer.patchBE16(byte: 0, UInt16(truncatingIfNeeded: known.count))
  }
}
