internal import Glibc

extension FloatHistogram {
  /// Resolutions that a store takes: 2^-schema powers of two from bucket to bucket.
  package static let exponentialSchemaMin: Int32 = -4
  package static let exponentialSchemaMax: Int32 = 8
  /// The finest resolution that may come over a wire, to be reduced.
  package static let exponentialSchemaFinest: Int32 = 52

  /// The finest schema whose buckets grow by at least `factor`; the finest of all where the factor
  /// is none. (Prometheus, scrape, pickSchema)
  package static func schema(minBucketFactor factor: Double) -> Int32 {
    let factor = factor > 1 ? factor : 1.00271
    let schema = (-log2(log2(factor))).rounded(.down)
    if schema >= Double(exponentialSchemaMax) { return exponentialSchemaMax }
    if schema <= Double(exponentialSchemaMin) { return exponentialSchemaMin }
    return Int32(schema)
  }
}
