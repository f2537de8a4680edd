/// How a compaction lays samples out in chunks.
package enum BlockChunking: Sendable, Equatable {
  /// As Prometheus: chunks are copied as they are, and what must be encoded anew comes in chunks
  /// of 120 samples.
  case prometheus
  /// Small float chunks are joined into ones of up to so many samples, with the windows that take
  /// the fewest bits. Every Prometheus reads them.
  case dense(samplesMax: Int)

  /// Six hours at 15 seconds: what a chunk costs by itself is then below a tenth of a bit per
  /// sample, and decoding a whole one still takes only microseconds.
  package static let denseDefault = BlockChunking.dense(samplesMax: 1_440)

  /// Thanos reads this much for a chunk at once.
  static let denseBytesMax = 16_000

  var samplesMax: Int {
    switch self {
    case .prometheus: 120
    case .dense(let samplesMax): min(max(samplesMax, 1), XORChunk.samplesMax)
    }
  }
}
