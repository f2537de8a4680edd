internal import ApusModel

/// The series that every scrape writes about itself.
struct ScrapeReport: Sendable {
  var isUp = false
  var seconds = 0.0
  var counts = ScrapeBatch.Counts()
  /// Bytes of the expanded body; -1 where it was too large, 0 where there was none.
  var bodyBytes = 0

  private static let names = [
    "up", "scrape_duration_seconds", "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling", "scrape_series_added",
  ]
  private static let extraNames = [
    "scrape_timeout_seconds", "scrape_sample_limit", "scrape_body_size_bytes",
  ]

  /// The labels of the series, in the order of `values`.
  static func labels(_ target: Labels, hasExtra: Bool) -> [Labels] {
    (names + (hasExtra ? extraNames : [])).map { name in
      var builder = LabelsBuilder(target)
      builder.set(LabelNames.metricName, name)
      return builder.labels()
    }
  }

  /// - Parameter extra: timeout in seconds and sample limit, where those are wanted.
  func values(extra: (timeoutSeconds: Double, sampleLimit: Int)?) -> [Double] {
    let base = [
      isUp ? 1 : 0, seconds, Double(counts.scraped), Double(counts.kept),
      Double(counts.newSeries),
    ]
    guard let extra else { return base }
    return base + [extra.timeoutSeconds, Double(extra.sampleLimit), Double(bodyBytes)]
  }
}
