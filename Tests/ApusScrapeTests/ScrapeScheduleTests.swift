import ApusScrape
import Testing

@Suite struct ScrapeScheduleTests {
  @Test func `a target has its own place in the interval, after a restart too`() {
    let a = ScrapeSchedule(intervalMs: 15_000, targetHash: 123_456_789, seed: 42)
    let b = ScrapeSchedule(intervalMs: 15_000, targetHash: 123_456_789, seed: 42)
    let other = ScrapeSchedule(intervalMs: 15_000, targetHash: 123_456_789, seed: 43)
    #expect(a == b)
    #expect(a.offsetMs != other.offsetMs)
    #expect((0..<15_000).contains(a.offsetMs))
    for now in [Int64(0), 1, 14_999, 15_000, 1_700_000_000_123] {
      let tick = a.tick(notBefore: now)
      #expect(tick >= now && tick < now + 15_000)
      #expect(tick % 15_000 == a.offsetMs)
    }
  }

  @Test func `targets spread over the interval`() {
    var quarters = [0, 0, 0, 0]
    for i in 0..<1000 {
      let hash = fnv64a("http://host-\(i):9100/metrics")
      let schedule = ScrapeSchedule(intervalMs: 10_000, targetHash: hash, seed: 7)
      quarters[Int(schedule.offsetMs / 2_500)] += 1
    }
    #expect(quarters.allSatisfy { $0 > 180 })
  }

  @Test(
    arguments: [
      (10_000, 10_100, 20_000), (10_000, 20_000, 20_000), (10_000, 20_001, 20_000),
      (10_000, 29_999, 20_000), (10_000, 30_000, 30_000), (10_000, 47_000, 40_000),
    ] as [(Int64, Int64, Int64)])
  func `of missed ticks only the newest is made up for`(
    due: Int64, ended: Int64, next: Int64
  ) {
    let schedule = ScrapeSchedule(intervalMs: 10_000, targetHash: 0, seed: 0)
    #expect(schedule.tick(after: due, endedMs: ended) == next)
  }

  @Test(
    arguments: [
      (10_000, 0, 0), (10_000, 2, 0), (10_000, 3, 3), (100, 1, 0), (100, 2, 2), (10_000, -1, -1),
    ] as [(Int64, Int64, Int64)])
  func `a scrape that begins in time gets its ideal timestamp`(
    interval: Int64, late: Int64, shift: Int64
  ) {
    let schedule = ScrapeSchedule(intervalMs: interval, targetHash: 0, seed: 0)
    #expect(schedule.timestamp(dueMs: 50_000, nowMs: 50_000 + late) == 50_000 + shift)
  }

  @Test func `the hash is FNV-1a`() {
    #expect(fnv64a("") == 0xCBF2_9CE4_8422_2325)
    #expect(fnv64a("a") == 0xAF63_DC4C_8601_EC8C)
  }
}
