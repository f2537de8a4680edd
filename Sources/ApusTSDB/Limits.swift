/// Every bound of the local store.
enum Limits {
  /// Samples whose time lies further from the epoch than this, ms, are not stored: 18 million
  /// years, so that no block that holds one reaches beyond `blockTimeMsMax`.
  static let sampleTimeMsMax: Int64 = 1 << 59
  /// A block that says it reaches further than this from the epoch, ms, is not taken: within, no
  /// arithmetic of a plan can overflow.
  static let blockTimeMsMax: Int64 = 1 << 60
  /// Series alive in the head at one time.
  static let headSeriesMax = 1 << 26
  /// Series that one process can ever create: their ordinals are 32 bits wide.
  static let headOrdinalsMax = Int(UInt32.max) - 1
  /// Bytes of labels, postings and open chunks in the head.
  static let headArenaBytesMax = 1 << 36
  /// Different label texts, and different label pairs, in the head.
  static let headSymbolsMax = 1 << 28
  /// Samples at which the end of a chunk is predicted, and that it aims at.
  static let samplesPerChunkTarget = 120
  /// Bytes after which a chunk is closed; one more sample may still be added at this size.
  static let chunkBytesMax = 1024
  /// Native histograms that a chunk holds before its bytes can end it.
  static let histogramsPerChunkMin = 10
  /// Native histograms of an open chunk that stand as they came; more of them are encoded.
  static let histogramsUnpackedMax = 10
  /// The most that one sample can add to a XOR chunk.
  static let sampleBytesMax = 19
  /// Late samples of a series in memory; full, they become a chunk.
  static let outOfOrderSamplesMax = 32
  /// Characters of the labels of one exemplar.
  static let exemplarCharactersMax = 128
}
