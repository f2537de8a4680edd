extension FloatHistogram: CustomStringConvertible {
  /// `{count:3, sum:4.5, [-0.001,0.001]:1, (0.5,1]:2}`: what PromQL makes of a histogram where a
  /// text is wanted. Empty buckets are left out.
  package var description: String {
    var out = "{count:\(FloatText.g(count)), sum:\(FloatText.g(sum))"
    for bucket in spelledBuckets where bucket.count != 0 {
      out += ", \(bucket.includesLower ? "[" : "(")\(FloatText.g(bucket.lower)),"
      out += "\(FloatText.g(bucket.upper))\(bucket.includesUpper ? "]" : ")")"
      out += ":\(FloatText.g(bucket.count))"
    }
    return out + "}"
  }
}
