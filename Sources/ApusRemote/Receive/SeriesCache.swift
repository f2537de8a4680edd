internal import ApusModel

/// Remembers which series a hash of label bytes stands for.
///
/// Two tables with open addressing, about 22 bytes a series: what is looked up in the old one
/// moves to the young one, and every half hour the young one becomes the old one. So what no
/// request names any more is forgotten. Two label blocks of one hash would be taken for one
/// series: among ten million series that happens with a chance of one to 300,000.
struct SeriesCache {
  private var young = Table()
  private var old = Table()
  private var generationEndMs: Int64?

  init() {}

  var count: Int { young.count + old.count }

  /// Puts the refs of `hashes` into `refs`, and returns the positions of those that are not known.
  /// A known ref may be `.none`: no series may have these labels.
  mutating func look(
    up hashes: [UInt64], into refs: inout [SeriesRef], atMs nowMs: Int64
  ) -> [Int] {
    turnGeneration(atMs: nowMs)
    var unknown: [Int] = []
    refs.removeAll(keepingCapacity: true)
    refs.reserveCapacity(hashes.count)
    // Where the series before was found: what followed it last time is likely to follow again.
    var last = -1
    for i in hashes.indices {
      let hash = hashes[i]
      if let entry = young.find(hash, after: last) {
        refs.append(SeriesRef(young.ref(at: entry)))
        last = entry
      } else if let entry = old.find(hash, after: -1) {
        let ref = old.ref(at: entry)
        last = young.set(hash, ref)
        refs.append(SeriesRef(ref))
      } else {
        refs.append(.none)
        unknown.append(i)
      }
    }
    return unknown
  }

  mutating func set(_ hash: UInt64, _ ref: SeriesRef) { young.set(hash, ref.number) }

  private mutating func turnGeneration(atMs nowMs: Int64) {
    guard let end = generationEndMs else {
      generationEndMs = nowMs + Limits.cacheGenerationMs
      return
    }
    guard nowMs >= end || young.count > Limits.cachedSeriesMax else { return }
    old = young
    young = Table()
    generationEndMs = nowMs + Limits.cacheGenerationMs
  }
}

extension SeriesCache {
  /// Entries in order of arrival, and a hash table of their positions.
  private struct Table {
    private var hashes: [UInt64] = []
    private var refs: [UInt64] = []
    /// Position of an entry plus one; 0 marks an empty slot.
    private var slots: [UInt32] = []
    private var mask = 0

    var count: Int { hashes.count }

    func ref(at entry: Int) -> UInt64 { refs[entry] }

    /// The position of a hash; tried first is the one after `last`.
    func find(_ hash: UInt64, after last: Int) -> Int? {
      if last + 1 < hashes.count && hashes[last + 1] == hash { return last + 1 }
      guard !hashes.isEmpty else { return nil }
      var at = Int(truncatingIfNeeded: hash) & mask
      while slots[at] != 0 {
        let entry = Int(slots[at]) - 1
        if hashes[entry] == hash { return entry }
        at = (at + 1) & mask
      }
      return nil
    }

    /// Adds or changes an entry; returns its position.
    @discardableResult
    mutating func set(_ hash: UInt64, _ ref: UInt64) -> Int {
      if (hashes.count + 1) * 4 > slots.count * 3 { grow() }
      var at = Int(truncatingIfNeeded: hash) & mask
      while slots[at] != 0 {
        let entry = Int(slots[at]) - 1
        if hashes[entry] == hash {
          refs[entry] = ref
          return entry
        }
        at = (at + 1) & mask
      }
      hashes.append(hash)
      refs.append(ref)
      slots[at] = UInt32(hashes.count)
      return hashes.count - 1
    }

    private mutating func grow() {
      slots = [UInt32](repeating: 0, count: max(1024, slots.count * 2))
      mask = slots.count - 1
      for entry in hashes.indices {
        var at = Int(truncatingIfNeeded: hashes[entry]) & mask
        while slots[at] != 0 { at = (at + 1) & mask }
        slots[at] = UInt32(entry + 1)
      }
    }
  }
}
