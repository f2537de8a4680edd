import ApusRules
import Testing

@Suite struct GroupScheduleTests {
  @Test func `turns lie at multiples of the interval plus the offset`() {
    let schedule = GroupSchedule(intervalMs: 1_000, hash: 12_345_678_901)
    #expect(schedule.offsetMs == 345)
    #expect(schedule.first(afterMs: 10_000) == 10_345)
    #expect(schedule.first(afterMs: 10_345) == 11_345)
    #expect(schedule.first(afterMs: 10_344) == 10_345)
    #expect(schedule.first(afterMs: -1) == 345)
  }

  @Test func `the offset is that of Prometheus for the same file and group`() {
    // Turns that promtool 2.42 gave these groups when it made blocks from rules.
    let minute = GroupSchedule(intervalMs: 60_000, file: "rr.yml", name: "g")
    #expect((minute.offsetNs + 500_000) / 1_000_000 == 1_700_000_026_816 % 60_000)
    let five = GroupSchedule(intervalMs: 300_000, file: "rr.yml", name: "slow")
    #expect((five.offsetNs + 500_000) / 1_000_000 == 1_700_000_198_661 % 300_000)
  }

  @Test func `it is not time before an interval has passed`() {
    let schedule = GroupSchedule(intervalMs: 1_000, hash: 0)
    #expect(schedule.next(afterMs: 5_000, nowMs: 5_999) == nil)
    let next = schedule.next(afterMs: 5_000, nowMs: 6_000)
    #expect(next?.timeMs == 6_000)
    #expect(next?.missed == 0)
  }

  @Test func `turns that were slept through are missed, and the latest one is taken`() {
    let schedule = GroupSchedule(intervalMs: 1_000, hash: 0)
    let next = schedule.next(afterMs: 5_000, nowMs: 8_700)
    #expect(next?.timeMs == 8_000)
    #expect(next?.missed == 2)
  }
}
