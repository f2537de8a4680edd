import ApusModel
import ApusStorage
import ApusSystem
import ApusTSDB
import Testing

/// Samples that came out of order are in no image: they come back from their own log.
struct HeadImageLateTests {
  private static func options(image: Bool) -> TSDBOptions {
    var options = image ? FullHead.options : FullHead.withoutImage
    options.outOfOrderWindowMs = FullHead.hour
    return options
  }

  /// Late samples of a few series, between those that `FullHead.fill` gives.
  private func appendLate(_ store: TSDB, rounds: Range<Int>) throws {
    for round in rounds {
      var batch = AppendBatch()
      let time = FullHead.start + Int64(round) * 15_000 + 7_000
      for ref in try store.resolve([FullHead.labels(0), FullHead.labels(3)]) {
        batch.append(ref, timeMs: time, value: Double(round) + 0.5)
      }
      #expect(try store.append(batch).rejections.isEmpty)
    }
  }

  private func check(_ left: StoreDirectory, _ wanted: Picture) throws -> HeadStart {
    let other = try FullHead.killed(left)
    let plain = try openStore(other.path, Self.options(image: false))
    let quick = try openStore(left.path, Self.options(image: true))
    #expect(try Picture(plain) == wanted)
    #expect(try Picture(quick) == wanted)
    for store in [plain, quick] {
      try FullHead.fill(store, rounds: 300..<320)
      try appendLate(store, rounds: 280..<310)
    }
    #expect(try Picture(quick) == Picture(plain))
    return quick.headStart
  }

  @Test func `a clean start finds late samples, in memory and in chunks`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path, Self.options(image: true))
    try FullHead.fill(store, rounds: 0..<300)
    try appendLate(store, rounds: 100..<250)
    try store.close()
    #expect(try check(directory, Picture(store)) == .image)
  }

  @Test func `late samples that came behind the image are found`() throws {
    let directory = StoreDirectory()
    let clock = StillClock(0)
    let store = try openStore(directory.path, Self.options(image: true), clock: clock)
    try FullHead.fill(store, rounds: 0..<280)
    try appendLate(store, rounds: 100..<150)
    clock.set(60_000)
    store.maintain()
    try FullHead.fill(store, rounds: 280..<300)
    try appendLate(store, rounds: 150..<155)
    #expect(try check(FullHead.killed(directory), Picture(store)) == .image)
    // Now some of them go to a chunk, which the image does not know.
    try appendLate(store, rounds: 155..<250)
    let start = try check(FullHead.killed(directory), Picture(store))
    guard case .log(let reason) = start else {
      Issue.record("the image was taken")
      return
    }
    #expect(reason.hasPrefix("head chunk file "))
    #expect(reason.hasSuffix("late samples have come since"))
  }
}
