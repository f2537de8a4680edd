import ApusModel

/// Series with all that makes trouble: gaps, resets, NaN, infinities, stale markers, samples that
/// come at odd times.
enum RandomData {
  static let names = ["m", "n_total", "o"]

  static func store(_ dice: inout Dice) -> ReferenceStore {
    var store = ReferenceStore()
    for name in names {
      for a in ["x", "y"] {
        for b in ["1", "2", "3"] where !dice.once(in: 4) {
          var labels = ["__name__": name, "a": a, "b": b]
          if name == "o" { labels["b"] = nil }
          if name == "o" && b != "1" { labels["c"] = b }
          store.add(labels, samples(&dice, isCounter: name == "n_total"))
        }
      }
    }
    return store
  }

  /// Eighths of small numbers: sums of them are exact in any order.
  private static func samples(
    _ dice: inout Dice, isCounter: Bool
  ) -> [(timeMs: Int64, value: Double)] {
    var all: [(timeMs: Int64, value: Double)] = []
    let everyMs = dice.pick([5_000, 15_000, 15_000, 60_000])
    let isRegular = !dice.once(in: 3)
    let isTroubled = dice.once(in: 3)
    let isWhole = dice.once(in: 2)
    var timeMs = Int64(dice.below(everyMs))
    var value = Double(dice.below(100))
    while timeMs < 1_800_000 {
      if !dice.once(in: 40) { all.append((timeMs, value)) }
      timeMs += Int64(isRegular ? everyMs : 1 + dice.below(2 * everyMs))
      if dice.once(in: 60) { timeMs += Int64(dice.below(600_000)) }
      value = next(value, &dice, isCounter, isWhole)
      if isTroubled && dice.once(in: 12), let last = all.last, last.timeMs < timeMs - 1 {
        all.append((timeMs - 1, dice.pick([.nan, .infinity, -.infinity, StaleMarker.value])))
      }
    }
    return all
  }

  private static func next(
    _ value: Double, _ dice: inout Dice, _ isCounter: Bool, _ isWhole: Bool
  ) -> Double {
    if dice.once(in: 5) { return value }
    if isCounter && dice.once(in: 15) { return 0 }
    let change = Double(dice.below(isWhole ? 20 : 160)) / (isWhole ? 1 : 8)
    return isCounter || dice.once(in: 2) ? value + change : value - change
  }
}
