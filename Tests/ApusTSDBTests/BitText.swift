import ApusModel
import ApusTSDB

/// Bits one by one, written from the format's description alone: what the encoders of the store
/// must not be asked when their own bytes are in question.
struct BitText {
  private(set) var bits: [Bool] = []

  mutating func put(_ value: UInt64, _ count: Int) {
    for place in (0..<count).reversed() { bits.append(value >> UInt64(place) & 1 == 1) }
  }

  mutating func put(_ text: String) {
    for character in text where character != " " { bits.append(character == "1") }
  }

  mutating func uvarint(_ value: UInt64) {
    var left = value
    repeat {
      let group = left & 0x7F
      left >>= 7
      put(left > 0 ? group | 0x80 : group, 8)
    } while left > 0
  }

  mutating func varint(_ value: Int64) {
    uvarint(UInt64(bitPattern: value << 1) ^ UInt64(bitPattern: value >> 63))
  }

  private static let prefixes = [
    ("0", 0), ("10", 3), ("110", 6), ("1110", 9), ("11110", 12), ("111110", 18), ("1111110", 25),
    ("11111110", 56), ("11111111", 64),
  ]

  mutating func varbitInt(_ value: Int64) {
    for (prefix, count) in Self.prefixes {
      let half = count == 0 || count == 64 ? 0 : Int64(1) << Int64(count - 1)
      guard
        count == 64 || (value == 0 && count == 0) || (count > 0 && value > -half && value <= half)
      else { continue }
      put(prefix)
      return put(UInt64(bitPattern: value), count)
    }
  }

  mutating func varbitUint(_ value: UInt64) {
    for (prefix, count) in Self.prefixes where count == 64 || value >> UInt64(count) == 0 {
      put(prefix)
      return put(value, count)
    }
  }

  /// All bits, the last byte padded with zeros.
  var bytes: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: (bits.count + 7) / 8)
    for (place, bit) in bits.enumerated() where bit { bytes[place / 8] |= 0x80 >> UInt8(place % 8) }
    return bytes
  }

  mutating func set(byte: Int, _ value: UInt8) {
    for place in 0..<8 { bits[byte * 8 + place] = value >> UInt8(7 - place) & 1 == 1 }
  }
}

/// A sample with a start time; 0 is none.
struct StartedSample: Equatable {
  var start: Int64
  var time: Int64
  var value: Double

  static func == (a: Self, b: Self) -> Bool {
    a.start == b.start && a.time == b.time && a.value.bitPattern == b.value.bitPattern
  }
}

/// Start times behind the samples of a chunk, one after another as Prometheus's appender does: it
/// cannot know what will come, so from the 128th sample on each has some bits.
struct StartText {
  private(set) var header: UInt8 = 0
  private var start: Int64 = 0
  private var distance: Int64 = 0

  mutating func put(
    _ out: inout BitText, _ index: Int, _ start: Int64, _ time: Int64, _ before: Int64
  ) {
    defer { self.start = start }
    if index == 0 {
      guard start != 0 else { return }
      header = 0x80
      return out.varint(time - start)
    }
    let now = before - start
    if header & 0x7F > 0 {
      out.varbitInt(now - distance)
      distance = now
    } else if start != self.start || index == 127 {
      header |= UInt8(index)
      out.varbitInt(now)
      distance = now
    }
  }
}

/// A XOR2 chunk bit by bit.
enum XOR2Text {
  static func encode(_ samples: [StartedSample]) -> [UInt8] {
    var out = BitText()
    var starts = StartText()
    var baseline: UInt64 = 0
    var window: (leading: Int, trailing: Int)?
    var delta: Int64 = 0
    out.put(UInt64(samples.count), 16)
    out.put(0, 8)
    for (index, sample) in samples.enumerated() {
      let before = index > 0 ? samples[index - 1].time : 0
      let isStale = StaleMarker.isStale(sample.value)
      let x = sample.value.bitPattern ^ baseline
      if index == 0 {
        out.varint(sample.time)
        out.put(sample.value.bitPattern, 64)
      } else {
        let change = sample.time - before - delta
        delta = sample.time - before
        let isOnTime = index > 1 && change == 0
        if index == 1 {
          out.uvarint(UInt64(bitPattern: delta))
        } else if !isOnTime {
          putChange(&out, change)
        }
        switch (isOnTime, isStale, x == 0) {
        case (true, true, _): out.put("11111")
        case (true, false, true), (false, false, true): out.put("0")
        case (false, true, _): out.put("111")
        case (let isOnTime, false, false):
          putWindow(
            &out, x, &window, old: isOnTime ? "10 0" : "10", new: isOnTime ? "10 1" : "110")
        }
      }
      if !isStale { baseline = sample.value.bitPattern }
      starts.put(&out, index, sample.start, sample.time, before)
    }
    out.set(byte: 2, starts.header)
    return out.bytes
  }

  private static func putChange(_ out: inout BitText, _ change: Int64) {
    switch change {
    case -4096...4095:
      out.put("110")
      out.put(UInt64(bitPattern: change), 13)
    case -524_288...524_287:
      out.put("1110")
      out.put(UInt64(bitPattern: change), 20)
    default:
      out.put("11110")
      out.put(UInt64(bitPattern: change), 64)
    }
  }

  private static func putWindow(
    _ out: inout BitText, _ x: UInt64, _ window: inout (leading: Int, trailing: Int)?,
    old: String, new: String
  ) {
    let leading = min(31, x.leadingZeroBitCount)
    let trailing = x.trailingZeroBitCount
    if let window, leading >= window.leading, trailing >= window.trailing {
      out.put(old)
      return out.put(x >> UInt64(window.trailing), 64 - window.leading - window.trailing)
    }
    window = (leading, trailing)
    let width = 64 - leading - trailing
    out.put(new)
    out.put(UInt64(leading), 5)
    out.put(UInt64(width % 64), 6)
    out.put(x >> UInt64(trailing), width)
  }
}
