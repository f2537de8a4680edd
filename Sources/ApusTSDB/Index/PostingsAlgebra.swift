/// Set operations over ascending lists of series ids, by the batch: whole lists in, a whole list
/// out. All lists are strictly ascending.
package enum PostingsAlgebra {
  /// From this ratio of lengths on, the longer list is searched instead of walked.
  static let gallopRatio = 16

  /// Appends to `out` what is in both lists.
  package static func intersect(
    _ a: Span<UInt32>, _ b: Span<UInt32>, into out: inout [UInt32]
  ) {
    let (short, long) = a.count <= b.count ? (a, b) : (b, a)
    guard short.count > 0 else { return }
    out.reserveCapacity(out.count + short.count)
    if long.count / short.count >= gallopRatio {
      gallop(short, long) { out.append($0) }
    } else {
      walk(short, long, into: &out)
    }
  }

  package static func intersect(_ a: [UInt32], _ b: [UInt32]) -> [UInt32] {
    var out: [UInt32] = []
    intersect(a.span, b.span, into: &out)
    return out
  }

  /// Whether the lists share an id.
  package static func intersects(_ a: Span<UInt32>, _ b: Span<UInt32>) -> Bool {
    let (short, long) = a.count <= b.count ? (a, b) : (b, a)
    var from = 0
    for i in short.indices {
      from = lowerBound(long, short[i], from: from)
      guard from < long.count else { return false }
      if long[from] == short[i] { return true }
    }
    return false
  }

  /// What is in `a` and not in `b`.
  package static func subtract(_ b: Span<UInt32>, from a: Span<UInt32>) -> [UInt32] {
    var out: [UInt32] = []
    out.reserveCapacity(a.count)
    if b.count > 0, a.count / b.count >= gallopRatio {
      // Few to remove: copy the runs between them.
      var from = 0
      for i in b.indices {
        let at = lowerBound(a, b[i], from: from)
        append(a.extracting(from..<at), to: &out)
        from = at < a.count && a[at] == b[i] ? at + 1 : at
      }
      append(a.extracting(from..<a.count), to: &out)
      return out
    }
    var j = 0
    let isShort = a.count > 0 && b.count / a.count >= gallopRatio
    for i in a.indices {
      let id = a[i]
      if isShort {
        j = lowerBound(b, id, from: j)
      } else {
        while j < b.count && b[j] < id { j += 1 }
      }
      if j == b.count || b[j] != id { out.append(id) }
    }
    return out
  }

  /// Turns lists that stand one after another in `ids`, ending at `ends`, into their union.
  /// The lists may overlap.
  package static func mergeRuns(_ ids: inout [UInt32], ends: [Int]) {
    guard ends.count > 1 else { return }
    guard !isStrictlyAscending(ids.span) else { return }
    let lowest = smallest(ids.span)
    let words = (Int(largest(ids.span) - lowest) >> 6) + 1
    // A bitmap is one pass over the ids and one over the words. It wins unless it is mostly empty.
    if words <= ids.count * 4 + 1024 {
      mergeByBitmap(&ids, lowest: lowest, words: words)
    } else {
      mergeByPairs(&ids, ends: ends)
    }
  }

  /// The union of ascending lists.
  package static func merge(_ lists: [[UInt32]]) -> [UInt32] {
    var ids: [UInt32] = []
    var ends: [Int] = []
    for list in lists {
      ids += list
      ends.append(ids.count)
    }
    mergeRuns(&ids, ends: ends)
    return ids
  }

  /// The first index at or after `from` whose id is not less than `id`, found in steps that double.
  package static func lowerBound(_ ids: Span<UInt32>, _ id: UInt32, from: Int) -> Int {
    var low = from
    var step = 1
    while low + step < ids.count && ids[low + step] < id {
      low += step
      step <<= 1
    }
    var high = min(ids.count, low + step + 1)
    while low < high {
      let middle = (low + high) >> 1
      if ids[middle] < id { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension PostingsAlgebra {
  private static func walk(_ a: Span<UInt32>, _ b: Span<UInt32>, into out: inout [UInt32]) {
    var i = 0
    var j = 0
    while i < a.count && j < b.count {
      let x = a[i]
      let y = b[j]
      if x == y { out.append(x) }
      i += x <= y ? 1 : 0
      j += y <= x ? 1 : 0
    }
  }

  private static func gallop(
    _ short: Span<UInt32>, _ long: Span<UInt32>, _ found: (UInt32) -> Void
  ) {
    var from = 0
    for i in short.indices {
      from = lowerBound(long, short[i], from: from)
      guard from < long.count else { return }
      if long[from] == short[i] { found(short[i]) }
    }
  }

  private static func append(_ run: Span<UInt32>, to out: inout [UInt32]) {
    for i in run.indices { out.append(run[i]) }
  }

  private static func isStrictlyAscending(_ ids: Span<UInt32>) -> Bool {
    var i = 1
    while i < ids.count {
      if ids[i - 1] >= ids[i] { return false }
      i += 1
    }
    return true
  }

  private static func smallest(_ ids: Span<UInt32>) -> UInt32 {
    var least = UInt32.max
    for i in ids.indices { least = min(least, ids[i]) }
    return least
  }

  private static func largest(_ ids: Span<UInt32>) -> UInt32 {
    var most: UInt32 = 0
    for i in ids.indices { most = max(most, ids[i]) }
    return most
  }

  private static func mergeByBitmap(_ ids: inout [UInt32], lowest: UInt32, words: Int) {
    var bits = [UInt64](repeating: 0, count: words)
    for id in ids {
      let bit = Int(id - lowest)
      bits[bit >> 6] |= 1 << UInt64(bit & 63)
    }
    ids.removeAll(keepingCapacity: true)
    for index in bits.indices {
      var word = bits[index]
      while word != 0 {
        ids.append(lowest + UInt32(index << 6 + word.trailingZeroBitCount))
        word &= word &- 1
      }
    }
  }

  /// Merges neighbours until one list is left.
  private static func mergeByPairs(_ ids: inout [UInt32], ends: [Int]) {
    var ends = ends
    var other: [UInt32] = []
    while ends.count > 1 {
      other.removeAll(keepingCapacity: true)
      other.reserveCapacity(ids.count)
      var newEnds: [Int] = []
      var start = 0
      for pair in stride(from: 0, to: ends.count, by: 2) {
        let middle = ends[pair]
        let end = pair + 1 < ends.count ? ends[pair + 1] : middle
        union(ids.span.extracting(start..<middle), ids.span.extracting(middle..<end), &other)
        newEnds.append(other.count)
        start = end
      }
      swap(&ids, &other)
      ends = newEnds
    }
  }

  private static func union(_ a: Span<UInt32>, _ b: Span<UInt32>, _ out: inout [UInt32]) {
    var i = 0
    var j = 0
    while i < a.count && j < b.count {
      let x = a[i]
      let y = b[j]
      out.append(min(x, y))
      if x <= y { i += 1 }
      if y <= x { j += 1 }
    }
    append(a.extracting(i..<a.count), to: &out)
    append(b.extracting(j..<b.count), to: &out)
  }
}
