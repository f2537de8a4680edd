/// The name that someone meant who wrote another one.
package enum NearestName {
  /// Of `names`, the one with the fewest edits from `word`; nil if none is within a third of its
  /// letters.
  package static func find(_ word: String, in names: [String]) -> String? {
    let wanted = Array(word.lowercased().utf8)
    // Nobody means a key with a word of this length.
    guard wanted.count <= 100 else { return nil }
    var best: (name: String, distance: Int)?
    for name in names {
      let distance = distance(wanted, Array(name.lowercased().utf8))
      if distance < (best?.distance ?? .max) { best = (name, distance) }
    }
    guard let best, best.distance <= max(2, wanted.count / 3), best.distance < wanted.count
    else { return nil }
    return best.name
  }

  /// Insertions, deletions, substitutions and swaps of neighbours.
  private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var older: [Int] = []
    var old = Array(0...b.count)
    for i in a.indices {
      var new = [i + 1]
      for j in b.indices {
        var best = min(old[j + 1] + 1, new[j] + 1, old[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
          best = min(best, older[j - 1] + 1)
        }
        new.append(best)
      }
      (older, old) = (old, new)
    }
    return old[b.count]
  }
}
