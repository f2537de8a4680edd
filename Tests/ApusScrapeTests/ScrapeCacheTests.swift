import ApusConfig
import ApusModel
import ApusScrape
import ApusTesting
import Testing

/// The cache against a plain reading of the same bodies.
@Suite struct ScrapeCacheTests {
  /// Small steps of a linear congruential generator: the same on every run.
  private struct Dice {
    var state: UInt64
    mutating func roll(_ sides: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % sides
    }
  }

  @Test(arguments: 1...6)
  func `whatever lines come, go, move or repeat, the samples are those of the body`(
    seed: Int
  ) async throws {
    let h = ScrapeHarness()
    var dice = Dice(state: UInt64(seed))
    var series = (0..<30).map { "m\($0 % 7){i=\"\($0)\"}" }
    try await h.run {
      var alive: Set<String> = []
      for _ in 0..<12 {
        for _ in 0..<dice.roll(4) {
          switch dice.roll(4) {
          case 0 where !series.isEmpty: series.remove(at: dice.roll(series.count))
          case 1: series.insert("n{i=\"\(dice.roll(1000))\"}", at: dice.roll(series.count + 1))
          case 2 where series.count > 1:
            series.swapAt(dice.roll(series.count), dice.roll(series.count))
          default: series.append(series.randomElement(dice.roll(1000)) ?? "z")
          }
        }
        var body = ""
        var expected: [String] = []
        var seen: Set<String> = []
        for (i, one) in series.enumerated() {
          if dice.roll(5) == 0 { body += "# HELP x\(dice.roll(9)) text \(dice.roll(3))\n" }
          if dice.roll(9) == 0 { body += "\n" }
          let value = dice.roll(3) == 0 ? "\(i).5" : "\(dice.roll(100_000))"
          body += "\(one) \(value)\n"
          if seen.insert(one).inserted { expected.append("\(one) \(value)") }
        }
        let stored = await h.scrape(body)
        #expect(stored.filter { !$0.hasSuffix(" stale") } == expected)
        let stale = Set(stored.filter { $0.hasSuffix(" stale") }.map { $0.dropLast(6) })
        #expect(stale == Set(alive.subtracting(seen).map { $0[...] }))
        #expect(h.report("scrape_samples_scraped") == Double(series.count))
        alive = seen
      }
    }
  }
}

extension Array {
  fileprivate func randomElement(_ number: Int) -> Element? {
    isEmpty ? nil : self[number % count]
  }
}
