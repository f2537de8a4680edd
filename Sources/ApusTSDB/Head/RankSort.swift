/// Sorts by rank in time that grows with the number of keys alone.
enum RankSort {
  /// Below this comparing is faster.
  private static let comparedMax = 256
  private static let digitBits = 11

  /// Sorts keys by their upper 32 bits, the rank; equal ones keep their order.
  static func sort(_ keys: inout [UInt64]) {
    guard keys.count > comparedMax else {
      keys.sort { $0 >> 32 < $1 >> 32 }
      return
    }
    var most: UInt64 = 0
    for key in keys { most = max(most, key >> 32) }
    var other = [UInt64](repeating: 0, count: keys.count)
    var shift = 0
    // From the lowest digit up, each pass leaving the order of the ones before where digits are
    // equal.
    while shift == 0 || most >> UInt64(shift) > 0 {
      distribute(keys.span, by: UInt64(32 + shift), into: &other)
      swap(&keys, &other)
      shift += digitBits
    }
  }

  private static func distribute(
    _ keys: Span<UInt64>, by shift: UInt64, into out: inout [UInt64]
  ) {
    let mask = (1 << digitBits) - 1
    var places = [Int](repeating: 0, count: 1 << digitBits)
    for index in keys.indices {
      places[Int(truncatingIfNeeded: keys[index] &>> shift) & mask] &+= 1
    }
    var next = 0
    for digit in places.indices {
      let count = places[digit]
      places[digit] = next
      next &+= count
    }
    var sorted = out.mutableSpan
    for index in keys.indices {
      let digit = Int(truncatingIfNeeded: keys[index] &>> shift) & mask
      sorted[places[digit]] = keys[index]
      places[digit] &+= 1
    }
  }
}
