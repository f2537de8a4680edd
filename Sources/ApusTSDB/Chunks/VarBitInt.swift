// A prefix of ones and a zero, then the payload:
//
//   0 | 10 + 3 | 110 + 6 | 1110 + 9 | 11110 + 12 | 111110 + 18 | 1111110 + 25 | 11111110 + 56 |
//   11111111 + 64 bits
//
// Signed: n bits hold -(2^(n-1)-1) ... 2^(n-1). Unsigned: plain. The shortest that fits is used.
//
// Source: Prometheus, tsdb/chunkenc/varbit.go.

enum VarBit {
  /// Bits of the payload by number of ones in the prefix.
  @inline(__always)
  static func payloadBits(_ ones: Int) -> Int {
    switch ones {
    case 0: 0
    case 1: 3
    case 2: 6
    case 3: 9
    case 4: 12
    case 5: 18
    case 6: 25
    case 7: 56
    default: 64
    }
  }
}

extension BitWriter {
  package mutating func varbitInt(_ value: Int64) {
    varbit(
      UInt64(bitPattern: value),
      value == 0 ? 0 : (1...7).first { XORCode.fits(value, Int64(VarBit.payloadBits($0))) } ?? 8)
  }

  package mutating func varbitUint(_ value: UInt64) {
    varbit(value, (0...7).first { value &>> UInt64(VarBit.payloadBits($0)) == 0 } ?? 8)
  }

  private mutating func varbit(_ raw: UInt64, _ ones: Int) {
    if ones == 8 { put(0xFF, 8) } else { put((1 << UInt64(ones) - 1) << 1, ones + 1) }
    put(raw, VarBit.payloadBits(ones))
  }
}

extension BitReader {
  @_lifetime(self: copy self)
  package mutating func varbitInt() -> Int64 {
    let bits = VarBit.payloadBits(prefix(most: 8))
    guard bits > 0 else { return 0 }
    let raw = take(bits)
    return bits < 64 ? XORCode.signed(raw, UInt64(bits)) : Int64(bitPattern: raw)
  }

  @_lifetime(self: copy self)
  package mutating func varbitUint() -> UInt64 {
    let bits = VarBit.payloadBits(prefix(most: 8))
    return bits == 0 ? 0 : take(bits)
  }

  /// The bits of a value that was written by `BitWriter.xor` against the one before.
  @_lifetime(self: copy self)
  mutating func xor(_ value: inout XORValue) throws(ChunkError) {
    guard bit() else { return }
    if bit() { try window(&value) }
    _ = payload(&value)
  }

  /// A new window: five bits for the zeros before it, six for its width.
  @_lifetime(self: copy self)
  mutating func window(_ value: inout XORValue) throws(ChunkError) {
    let leading = Int(take(5))
    let width = Int((take(6) &- 1) & 63) + 1
    guard leading + width <= 64 else { throw .corrupt("window of \(leading) and \(width) bits") }
    value.leading = UInt8(leading)
    value.trailing = UInt8(64 - leading - width)
  }

  /// The bits inside of the window; returns the value that comes out.
  @_lifetime(self: copy self)
  mutating func payload(_ value: inout XORValue) -> Double {
    let leading = value.leading == XORState.noWindow ? 0 : Int(value.leading)
    value.bits ^= take(64 - leading - Int(value.trailing)) << UInt64(value.trailing)
    return value.value
  }
}

/// A value of a XOR stream inside a chunk, with its window.
struct XORValue {
  var bits: UInt64
  var leading: UInt8 = XORState.noWindow
  var trailing: UInt8 = 0

  init(_ value: Double) { bits = value.bitPattern }

  var value: Double { Double(bitPattern: bits) }
}

extension BitWriter {
  mutating func xor(_ value: Double, _ state: inout XORValue) {
    self.value(value.bitPattern ^ state.bits, &state.leading, &state.trailing)
    state.bits = value.bitPattern
  }
}
