package import ApusModel

extension JSONWriter {
  /// `{"count":"12","sum":"3.4","buckets":[[rule,"lower","upper","count"],...]}`
  ///
  /// Rule 0 excludes the lower bound, 1 the upper, 2 both, 3 none. Empty buckets are left out.
  package mutating func histogram(_ histogram: FloatHistogram) {
    raw(#"{"count":"#)
    sampleValue(histogram.count)
    raw(#","sum":"#)
    sampleValue(histogram.sum)
    var isFirst = true
    for bucket in histogram.allBuckets where bucket.count != 0 {
      raw(isFirst ? #","buckets":[["# : ",[")
      isFirst = false
      int(JSONWriter.rule(bucket))
      raw(",")
      sampleValue(bucket.lower)
      raw(",")
      sampleValue(bucket.upper)
      raw(",")
      sampleValue(bucket.count)
      raw("]")
    }
    raw(isFirst ? "}" : "]}")
  }
  /// The API's number for which bounds belong to a bucket.
  private static func rule(_ bucket: FloatHistogram.Bucket) -> Int {
    switch (bucket.includesLower, bucket.includesUpper) {
    case (false, true): 0
    case (true, false): 1
    case (false, false): 2
    case (true, true): 3
    }
  }
}
