internal import ApusModel

/// Remembers which series a hash of label bytes stands for.
///
/// Two tables with open addressing, 16 bytes a slot: what is looked up in the old one moves to
/// the young one, and every half hour the young one becomes the old one. So what no request names
/// any more is forgotten. Two label blocks of one hash would be taken for one series: among ten
/// million series that happens with a chance of one to 300,000.
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
    for i in hashes.indices {
      let hash = hashes[i]
      if let ref = young.find(hash) {
        refs.append(SeriesRef(ref))
      } else if let ref = old.find(hash) {
        young.set(hash, ref)
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
  /// Hash 0 marks an empty slot; a hash that is 0 is stored as 1.
  private struct Table {
    private var hashes: [UInt64] = []
    private var refs: [UInt64] = []
    private(set) var count = 0
    private var mask = 0

    func find(_ hash: UInt64) -> UInt64? {
      guard count > 0 else { return nil }
      let key = max(hash, 1)
      var at = Int(truncatingIfNeeded: key) & mask
      while hashes[at] != 0 {
        if hashes[at] == key { return refs[at] }
        at = (at + 1) & mask
      }
      return nil
    }

    mutating func set(_ hash: UInt64, _ ref: UInt64) {
      if (count + 1) * 4 > hashes.count * 3 { grow() }
      let key = max(hash, 1)
      var at = Int(truncatingIfNeeded: key) & mask
      while hashes[at] != 0 && hashes[at] != key { at = (at + 1) & mask }
      if hashes[at] == 0 { count += 1 }
      hashes[at] = key
      refs[at] = ref
    }

    private mutating func grow() {
      let before = (hashes, refs)
      let size = max(1024, hashes.count * 2)
      hashes = [UInt64](repeating: 0, count: size)
      refs = [UInt64](repeating: 0, count: size)
      mask = size - 1
      count = 0
      for i in before.0.indices where before.0[i] != 0 { set(before.0[i], before.1[i]) }
    }
  }
}
