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
  package private(set) var state = XORState()

  /// The most samples that the count can hold.
  package static let samplesMax = 65_535

  package init(capacityBytes: Int = 256) {
    writer = BitWriter(capacityBytes: capacityBytes)
    writer.putZeros(16)
  }

  package var count: Int { state.count }

  package var byteCount: Int { writer.byteCount }

  /// The finished bytes, borrowed.
  package var span: Span<UInt8> {
    @_lifetime(borrow self)
    get { writer.span }
  }

  /// Begins an empty chunk in the same memory.
  package mutating func removeAll() {
    writer.removeAll()
    writer.putZeros(16)
    state = XORState()
  }

  /// Continues a chunk that was decoded.
  package mutating func resume(_ bytes: Span<UInt8>, _ state: XORState) {
    writer.load(bytes, bitCount: state.bitCount)
    self.state = state
  }

  /// Adds a sample. There must be fewer than `samplesMax`.
  package mutating func append(timeMs time: Int64, value: Double) {
    precondition(state.count < Self.samplesMax, "chunk overfull: \(state.count)")
    let bits = value.bitPattern
    let delta = time &- state.time
    switch state.count {
    case 0:
      writer.varint(time)
      writer.put(bits, 64)
    case 1:
      writer.uvarint(UInt64(bitPattern: delta))
      writer.xor(bits ^ state.bits, &state.leading, &state.trailing)
      state.delta = delta
    default:
      writer.deltaOfDelta(delta &- state.delta)
      writer.xor(bits ^ state.bits, &state.leading, &state.trailing)
      state.delta = delta
    }
    state.time = time
    state.bits = bits
    state.count &+= 1
    state.bitCount = writer.bitCount
    writer.patch(byte: 0, UInt8(truncatingIfNeeded: state.count &>> 8))
    writer.patch(byte: 1, UInt8(truncatingIfNeeded: state.count))
  }
}

extension BitWriter {
  /// Whether `x` fits into `count` bits as Prometheus counts them: the range is one higher at
  /// both ends than two's complement.
  @inline(__always)
  package static func fits(_ x: Int64, _ count: Int64) -> Bool {
    -((1 &<< (count &- 1)) &- 1) <= x && x <= 1 &<< (count &- 1)
  }

  @inline(__always)
  package mutating func deltaOfDelta(_ dod: Int64) {
    let raw = UInt64(bitPattern: dod)
    if dod == 0 {
      putZeros(1)
    } else if Self.fits(dod, 14) {
      put(0b10 << 14 | raw & (1 << 14 - 1), 16)
    } else if Self.fits(dod, 17) {
      put(0b110 << 17 | raw & (1 << 17 - 1), 20)
    } else if Self.fits(dod, 20) {
      put(0b1110 << 20 | raw & (1 << 20 - 1), 24)
    } else {
      put(0b1111, 4)
      put(raw, 64)
    }
  }

  /// The xor of two values' bits. The window is kept for as long as it covers the bits.
  @inline(__always)
  package mutating func xor(_ x: UInt64, _ leading: inout UInt8, _ trailing: inout UInt8) {
    guard x != 0 else { return putZeros(1) }
    // Five bits hold the number of leading zeros.
    let newLeading = UInt8(truncatingIfNeeded: min(x.leadingZeroBitCount, 31))
    let newTrailing = UInt8(truncatingIfNeeded: x.trailingZeroBitCount)
    if leading != XORState.noWindow && newLeading >= leading && newTrailing >= trailing {
      put(0b10, 2)
      put(x &>> UInt64(trailing), 64 &- Int(leading) &- Int(trailing))
      return
    }
    leading = newLeading
    trailing = newTrailing
    let width = 64 &- Int(newLeading) &- Int(newTrailing)
    // A width of 64 is written as 0, which has no other use.
    put(0b11 << 11 | UInt64(newLeading) << 6 | UInt64(width & 63), 13)
    put(x &>> UInt64(newTrailing), width)
  }
}
