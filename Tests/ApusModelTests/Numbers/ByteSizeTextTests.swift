import ApusModel
import Testing

struct ByteSizeTextTests {
  @Test(
    arguments: [
      ("0", 0, "0B"), ("1B", 1, "1B"), ("512MB", 536_870_912, "512MiB"),
      ("512MiB", 536_870_912, "512MiB"), ("1.5GB", 1_610_612_736, "1GiB512MiB"),
      ("1GB500MB", 1_598_029_824, "1GiB500MiB"), ("-2KB", -2048, "-2KiB"),
      ("2EiB", 2_305_843_009_213_693_952, "2EiB"),
    ] as [(String, Int64, String)])
  func `sizes read and print in powers of 1024`(
    text: String, bytes: Int64, canonical: String
  ) throws {
    #expect(try ByteSizeText.parse(text) == bytes)
    #expect(ByteSizeText.text(bytes: bytes) == canonical)
  }

  @Test(arguments: [
    ("", "units: invalid "), ("MB", "units: invalid MB"), ("12", "units: unknown unit  in 12"),
    ("12XB", "units: unknown unit XB in 12XB"), ("99EB", "units: invalid 99EB"),
  ])
  func `bad sizes say what is wrong`(text: String, message: String) {
    #expect {
      try ByteSizeText.parse(text)
    } throws: {
      "\($0)" == message
    }
  }
}
