/// The bounds of this room.
enum Limits {
  /// Samples further ahead of the clock than this are out of bounds.
  static let aheadMsMax: Int64 = 10 * 60_000
  /// How late a scrape may begin and still get its ideal time.
  static let alignmentToleranceMs: Int64 = 2
  /// Scrapes that metadata outlives its last appearance.
  static let metadataScrapesMax: UInt32 = 10
  /// Bytes of a body whose target has no limit of its own.
  static let bodyBytesMax = 512 << 20
  /// Buckets of a classic histogram that is to become a native one.
  static let classicBucketsMax = 1 << 12
  /// Characters of the labels of an exemplar (OpenMetrics 1.0, Exemplars).
  static let exemplarCharactersMax = 128
}
