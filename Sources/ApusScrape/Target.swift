package import ApusConfig
package import ApusModel

/// One address to scrape.
package struct Target: Sendable, Equatable {
  /// Those that its series get: no name begins with `__`.
  package let labels: Labels
  /// As discovered, before relabelling.
  package let discoveredLabels: Labels
  /// The whole URL, parameters included.
  package let url: String
  package let intervalMs: Int64
  package let timeoutMs: Int64
  /// What relabelling says about histograms, in place of the job.
  package let histograms: ScrapeHistogramConfig

  /// Equal for targets that are the same: those with equal labels and URL.
  package let hash: UInt64

  package init(
    labels: Labels, discoveredLabels: Labels, url: String, intervalMs: Int64, timeoutMs: Int64,
    identity: Labels, histograms: ScrapeHistogramConfig
  ) {
    self.labels = labels
    self.discoveredLabels = discoveredLabels
    self.url = url
    self.intervalMs = intervalMs
    self.timeoutMs = timeoutMs
    self.histograms = histograms
    hash = fnv64a("\(identity.hash64)\(url)")
  }
}
