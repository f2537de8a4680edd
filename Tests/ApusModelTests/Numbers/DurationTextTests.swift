import ApusModel
import Testing

struct DurationTextTests {
  @Test(
    arguments: [
      ("0", 0, "0s"), ("0w", 0, "0s"), ("0s", 0, "0s"), ("324ms", 324, "324ms"), ("3s", 3000, "3s"),
      ("5m", 300_000, "5m"), ("1h", 3_600_000, "1h"), ("4d", 345_600_000, "4d"),
      ("4d1h", 349_200_000, "4d1h"), ("14d", 1_209_600_000, "2w"), ("3w", 1_814_400_000, "3w"),
      ("3w2d1h", 1_990_800_000, "23d1h"), ("10y", 315_360_000_000, "10y"),
      ("90s", 90_000, "1m30s"), ("1y1ms", 31_536_000_001, "365d1ms"),
    ] as [(String, Int64, String)])
  func `durations read and print as in Prometheus`(
    text: String, ms: Int64, canonical: String
  ) throws {
    #expect(try DurationText.parse(text) == ms)
    #expect(DurationText.text(ms: ms) == canonical)
  }

  @Test(arguments: [
    ("", "empty duration string"),
    ("1", #"not a valid duration string: "1""#),
    ("-1w", #"not a valid duration string: "-1w""#),
    ("1.5d", #"unknown unit "." in duration "1.5d""#),
    ("d", #"not a valid duration string: "d""#),
    ("1s1m", #"not a valid duration string: "1s1m""#),
    ("1m1m", #"not a valid duration string: "1m1m""#),
    ("1x", #"unknown unit "x" in duration "1x""#),
    ("294y", "duration out of range"),
    ("99999999999999999999y", #"not a valid duration string: "99999999999999999999y""#),
  ])
  func `bad durations are refused in Prometheus's words`(text: String, message: String) {
    #expect {
      try DurationText.parse(text)
    } throws: {
      "\($0)" == message
    }
  }

  @Test func `a minus is read only where it is allowed`() throws {
    #expect(try DurationText.parseAllowingNegative("-1h30m") == -5_400_000)
    #expect(try DurationText.parseAllowingNegative("5m") == 300_000)
    #expect(DurationText.text(ms: -5_400_000) == "-1h30m")
  }
}
