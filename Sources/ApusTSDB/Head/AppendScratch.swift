/// Memory of the appender, kept from batch to batch.
struct AppendScratch {
  /// Slot of each sample that was admitted.
  var slots: [UInt32] = []
  /// Its index in the batch.
  var indices: [UInt32] = []
  /// Columns of the admitted samples, where some were not.
  var refs: [UInt64] = []
  var times: [Int64] = []
  var values: [Double] = []
  var newest = NewestInBatch()
  /// Samples that come out of order, in the order of the batch.
  var late: [LateSample] = []
  /// Indices of floats that are the stale markers of series of histograms.
  var histogramMarkers: [UInt32] = []

  mutating func begin(count: Int) {
    late.removeAll(keepingCapacity: true)
    histogramMarkers.removeAll(keepingCapacity: true)
    slots.removeAll(keepingCapacity: true)
    indices.removeAll(keepingCapacity: true)
    slots.reserveCapacity(count)
    indices.reserveCapacity(count)
    newest.begin()
  }
}

/// Finds the last admitted sample of a series inside the batch that is being looked at.
///
/// Most batches name every series once, in ascending order: then nothing has to be remembered.
struct NewestInBatch {
  private var keys: [UInt32] = []
  private var positions: [UInt32] = []
  private var isMapped = false
  private var last: Int64 = -1

  mutating func begin() {
    isMapped = false
    last = -1
  }

  /// The position of the newest admitted sample with this slot, or nil.
  /// - Parameter admitted: slots of the samples admitted so far.
  @inline(__always)
  mutating func find(_ slot: UInt32, ordinal: UInt32, admitted: [UInt32]) -> UInt32? {
    if !isMapped {
      if Int64(ordinal) > last {
        last = Int64(ordinal)
        return nil
      }
      map(admitted)
    }
    return lookUp(slot)
  }

  /// Tells that a sample was admitted at `position`.
  @inline(__always)
  mutating func note(_ slot: UInt32, position: Int) {
    if isMapped { set(slot, UInt32(position)) }
  }

  @inline(never)
  private mutating func map(_ admitted: [UInt32]) {
    isMapped = true
    var size = 64
    while size < (admitted.count + 1) * 4 { size *= 2 }
    reset(size)
    for (position, slot) in admitted.enumerated() { set(slot, UInt32(position)) }
  }

  private mutating func reset(_ size: Int) {
    keys = [UInt32](repeating: 0, count: size)
    positions = [UInt32](repeating: 0, count: size)
    used = 0
  }

  private var used = 0

  private func home(_ slot: UInt32) -> Int {
    Int(truncatingIfNeeded: (UInt64(slot) &* 0x9E37_79B9_7F4A_7C15) >> 32) & (keys.count - 1)
  }

  private func lookUp(_ slot: UInt32) -> UInt32? {
    var at = home(slot)
    while keys[at] != 0 {
      if keys[at] == slot &+ 1 { return positions[at] }
      at = (at &+ 1) & (keys.count - 1)
    }
    return nil
  }

  private mutating func set(_ slot: UInt32, _ position: UInt32) {
    var at = home(slot)
    while keys[at] != 0 && keys[at] != slot &+ 1 { at = (at &+ 1) & (keys.count - 1) }
    if keys[at] == 0 { used += 1 }
    keys[at] = slot &+ 1
    positions[at] = position
    if used * 2 > keys.count { double() }
  }

  private mutating func double() {
    let oldKeys = keys
    let oldPositions = positions
    reset(oldKeys.count * 2)
    for (key, position) in zip(oldKeys, oldPositions) where key != 0 { set(key &- 1, position) }
  }
}
