import Testing

@testable import ApusPromQL

@Test func `the day of the year is right around February of a leap year`() {
  #expect(CivilTime(seconds: 1_456_704_000).dayOfYear == 60)
  #expect(CivilTime(seconds: 1_483_191_420).dayOfYear == 366)
  #expect(CivilTime(seconds: 1_672_493_820).dayOfYear == 365)
  #expect(CivilTime(seconds: 0).dayOfYear == 1)
}
