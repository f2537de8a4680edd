package import ApusStorage
internal import ApusSystem

/// Samples to chunks that every Prometheus reads, for those who ask for chunks.
package enum WireChunks {
  /// Calls `use` with each chunk: its encoding's byte, the times of its first and last sample, and
  /// its bytes.
  /// - Parameter samples: of one series, strictly ascending by time.
  package static func encode(
    _ samples: SampleBatch,
    _ use: (_ encoding: UInt8, _ minTimeMs: Int64, _ maxTimeMs: Int64, _ bytes: [UInt8]) -> Void
  ) {
    // Start times would make chunks of encodings 4 to 6, which only Prometheus 3 reads.
    var plain = samples
    plain.startTimes = []
    plain.histogramStartTimes = []
    var encoder = SeriesEncoder(.prometheus)
    var chunks = SeriesChunks()
    encoder.encode(plain, into: &chunks)
    for chunk in chunks.chunks {
      var bytes: [UInt8] = []
      bytes.append(copying: chunks.span(of: chunk))
      use(chunk.encoding, chunk.minTimeMs, chunk.maxTimeMs, bytes)
    }
  }
}
