/// The bounds of the remote side.
package enum Limits {
  /// Body of a remote write, compressed and expanded (Prometheus's own bound).
  package static let writeBytesMax = 32 << 20
  /// How far ahead of our clock a sample may be.
  package static let aheadMs: Int64 = 600_000
  /// Series whose refs are remembered; the cache begins anew with those in use beyond.
  package static let cachedSeriesMax = 8 << 20
  /// Buffers larger than this are not kept for the next request.
  package static let keptBufferBytesMax = 4 << 20
  /// Time after which a series that no request named is forgotten by the cache, at the latest
  /// after twice as much.
  package static let cacheGenerationMs: Int64 = 1_800_000
  /// Queries of one remote read.
  package static let readQueriesMax = 10_000
  /// Symbols of a request of protocol 2.0, which take more room here than on the wire.
  package static let symbolsMax = 1 << 21
  /// Labels of one series.
  package static let labelsMax = 1 << 12
  /// How deep lists and maps may stand in each other in a value of OpenTelemetry.
  static let attributeDepthMax = 16
  /// Samples of `target_info` that one resource of a request makes.
  static let infoSamplesMax: Int64 = 1_000
  /// Problems that an answer names one by one.
  package static let problemsMax = 100
}
