/// How a chunk's bytes hold its samples. The raw values stand on disk and never change.
///
/// Source: Prometheus, tsdb/chunkenc/chunk.go.
package enum ChunkEncoding: UInt8, Sendable {
  case none = 0
  /// Gorilla floats.
  case xor = 1
  /// Native histograms with integer counts.
  case histogram = 2
  /// Native histograms with float counts.
  case floatHistogram = 3
  /// Floats with start times and cheap stale markers.
  case xor2 = 4
  /// `histogram` with start times.
  case histogramST = 5
  /// `floatHistogram` with start times.
  case floatHistogramST = 6

  /// Whether the samples are native histograms.
  package var isHistogram: Bool {
    switch self {
    case .none, .xor, .xor2: false
    case .histogram, .floatHistogram, .histogramST, .floatHistogramST: true
    }
  }
}

/// Why a chunk's bytes could not be read.
package enum ChunkError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The bytes end before the samples do.
  case truncated
  /// The bytes say what no encoder writes.
  case corrupt(String)
  /// An encoding that this version does not know.
  case unknownEncoding(UInt8)

  package var description: String {
    switch self {
    case .truncated: "chunk ends before its last sample"
    case .corrupt(let reason): "chunk is corrupt: \(reason)"
    case .unknownEncoding(let byte): "invalid chunk encoding \(byte)"
    }
  }
}
