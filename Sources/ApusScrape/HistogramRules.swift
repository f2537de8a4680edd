internal import ApusConfig
internal import ApusModel

/// What a job does with histograms.
struct HistogramRules: Sendable, Equatable {
  /// Whether native histograms are taken; classic ones stand in for them otherwise.
  var scrapesNative = false
  /// Whether classic histograms become native ones with custom buckets.
  var convertsClassic = false
  /// Whether classic series are kept where there is a native histogram.
  var keepsClassic = false
  /// Buckets that a histogram may have; 0 for any number.
  var bucketLimit = 0
  /// The finest resolution.
  var maxSchema = FloatHistogram.exponentialSchemaMax

  init() {}

  init(_ config: ScrapeHistogramConfig, _ limits: ScrapeLimits) {
    scrapesNative = config.scrapesNative
    convertsClassic = config.convertsClassic
    keepsClassic = config.alwaysScrapesClassic
    bucketLimit = limits.nativeHistogramBuckets
    maxSchema = FloatHistogram.schema(minBucketFactor: limits.nativeHistogramMinBucketFactor)
  }

  enum Failure: Error, Equatable {
    case invalid(String)
    case tooManyBuckets
  }

  /// The histogram as it is stored: checked, without empty buckets, in a resolution that is
  /// allowed.
  func stored(_ histogram: FloatHistogram, isInteger: Bool) throws(Failure) -> FloatHistogram {
    var stored = histogram
    let isExponential =
      (FloatHistogram.exponentialSchemaMin...FloatHistogram.exponentialSchemaFinest)
      .contains(histogram.schema)
    if isExponential, histogram.schema > FloatHistogram.exponentialSchemaMax {
      stored.schema = FloatHistogram.exponentialSchemaMax
    }
    if let problem = HistogramCheck.problem(stored) { throw .invalid(problem) }
    if isInteger, let problem = HistogramCheck.countProblem(stored) { throw .invalid(problem) }
    stored.schema = histogram.schema
    stored.compact()
    if isExponential, stored.schema > maxSchema { stored = stored.reduced(toSchema: maxSchema) }
    guard bucketLimit > 0 else { return stored }
    while stored.positiveBuckets.count + stored.negativeBuckets.count > bucketLimit {
      guard isExponential, stored.schema > FloatHistogram.exponentialSchemaMin else {
        throw .tooManyBuckets
      }
      stored = stored.reduced(toSchema: stored.schema - 1)
    }
    return stored
  }
}
