import ApusSystem
import Testing

struct CivilTimeTests {
  @Test(arguments: [
    (Int64(0), "1970-01-01T00:00:00Z"), (1_767_225_600_000, "2026-01-01T00:00:00Z"),
    (951_782_400_123, "2000-02-29T00:00:00.123Z"), (-1, "1969-12-31T23:59:59.999Z"),
    (4_107_542_399_500, "2100-02-28T23:59:59.5Z"), (1_709_210_096_010, "2024-02-29T12:34:56.01Z"),
  ])
  func `a time is written in RFC 3339, and read back`(ms: Int64, text: String) {
    #expect(CivilTime(ms: ms).rfc3339 == text)
    #expect(CivilTime.parseRFC3339(text) == ms)
  }

  @Test(arguments: [
    (Int64(0), "1970-01-01T00:00:00.000Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
    (-1, "1969-12-31T23:59:59.999Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    (1_709_251_199_001, "2024-02-29T23:59:59.001Z"),
    (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"),
  ])
  func `times may always have milliseconds`(ms: Int64, text: String) {
    #expect(CivilTime(ms: ms).rfc3339Milliseconds == text)
  }

  @Test func `any number of milliseconds is a time`() {
    for ms in [Int64.min, .min + 1, .max] { #expect(CivilTime(ms: ms).ms == ms) }
  }

  @Test func `the day of the year is right around February of a leap year`() {
    #expect(CivilTime(ms: 1_456_704_000_000).dayOfYear == 60)
    #expect(CivilTime(ms: 1_483_191_420_000).dayOfYear == 366)
    #expect(CivilTime(ms: 1_672_493_820_000).dayOfYear == 365)
    #expect(CivilTime(ms: 0).dayOfYear == 1)
  }

  @Test(arguments: [
    ("2026-01-01T00:20:00.5+00:00", Int64(1_767_226_800_500)),
    ("2026-01-01T01:00:00+01:00", 1_767_225_600_000),
    ("2025-12-31T18:30:00-05:30", 1_767_225_600_000),
    ("2026-01-01T00:00:00.123456789Z", 1_767_225_600_123),
  ])
  func `zones and decimals are understood`(text: String, ms: Int64) {
    #expect(CivilTime.parseRFC3339(text) == ms)
  }

  @Test(arguments: [
    "", "yesterday", "2026-01-01", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z",
    "2026-01-01T24:00:00Z", "2026-01-01T00:00:60Z", "2026-01-01T00:00:00", "2026-01-01T00:00:00Zx",
    "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+0100",
  ])
  func `what is no time is refused`(text: String) {
    #expect(CivilTime.parseRFC3339(text) == nil)
  }

  @Test func `HTTP's dates name the day of the week`() {
    #expect(CivilTime(ms: 1_767_225_600_000).httpDate == "Thu, 01 Jan 2026 00:00:00 GMT")
    #expect(CivilTime(ms: 784_111_777_000).httpDate == "Sun, 06 Nov 1994 08:49:37 GMT")
  }
}
