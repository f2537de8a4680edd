import ApusModel
import ApusStorage
import ApusSystem
import Testing

@testable import ApusTSDB

struct StaleSeriesTests {
  private static let start = 1_700_000_000_000 / 7_200_000 * 7_200_000 + 3_600_000 as Int64

  private var options: TSDBOptions {
    var options = TSDBOptions()
    options.staleSeriesThreshold = 0.5
    return options
  }

  private func labels(_ n: Int) -> Labels { Labels([Label("__name__", "x"), Label("n", "\(n)")]) }

  /// Ten series over two hours, eight of which end in the middle.
  private func fill(_ store: TSDB) throws {
    for minute in 0..<Int64(120) {
      for n in 0..<10 where n < 2 || minute <= 70 {
        let value = n >= 2 && minute == 70 ? StaleMarker.value : Double(minute)
        try store.append(labels(n), Self.start + minute * 60_000, value)
      }
    }
  }

  private func reopen(_ directory: StoreDirectory) throws -> (TSDB, StoreDirectory) {
    let copy = StoreDirectory("stale")
    try copyTree(directory.path, copy.path)
    let clock = StillClock(Int64.random(in: 1...1_000_000_000))
    return (try openStore(copy.path, options, clock: clock), copy)
  }

  @Test func `series that have ended leave the head early, and come back with what they had`()
    throws
  {
    let directory = StoreDirectory()
    let store = try openStore(directory.path, options)
    try fill(store)
    let before = try store.answers(everything)
    #expect(before.map(\.times.count) == [120, 120] + [Int](repeating: 71, count: 8))
    store.maintain()
    #expect(try store.status(limit: 1).seriesCount == 2)
    let hints = store.blocks.map(\.meta.compaction.hints)
    // One for each range of two hours.
    #expect(hints == [[String]](repeating: [BlockMeta.Compaction.fromStaleSeriesHint], count: 2))
    #expect(store.blocks.map(\.meta.stats.seriesCount) == [8, 8])
    #expect(try store.answers(everything) == before)
    let (again, kept) = try reopen(directory)
    defer { withExtendedLifetime(kept) {} }
    #expect(try again.status(limit: 1).seriesCount == 2)
    #expect(try again.answers(everything) == before)
    // Under its labels there is another series from now on.
    try again.append(labels(5), Self.start + 120 * 60_000, 7)
    #expect(try again.answers([.equal("n", "5")])[0].times.count == 72)
    let (third, keptToo) = try reopen(kept)
    defer { withExtendedLifetime(keptToo) {} }
    #expect(try third.answers([.equal("n", "5")])[0].times.count == 72)
    #expect(try third.status(limit: 1).seriesCount == 3)
  }

  @Test func `below the share, and for series that live again, nothing happens`() throws {
    let directory = StoreDirectory()
    var low = options
    low.staleSeriesThreshold = 0.9
    let store = try openStore(directory.path, low)
    try fill(store)
    store.maintain()
    #expect(try store.status(limit: 1).seriesCount == 10)
    let picture = try store.head.selectStale()
    #expect(picture.states.count == 8)
    try store.append(labels(9), Self.start + 80 * 60_000, 1)
    #expect(try store.head.dropStale(picture).count == 7)
    #expect(try store.answers([.equal("n", "9")])[0].times.count == 72)
  }
}
