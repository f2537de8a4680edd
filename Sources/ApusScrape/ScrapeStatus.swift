package import ApusModel

/// What the pages and the API show of scraping.
package struct ScrapeStatus: Sendable {
  package var activeTargets: [TargetStatus] = []
  package var droppedTargets: [DroppedTarget] = []
  /// Job names, sorted.
  package var pools: [String] = []
  /// Dropped targets by job, kept or not.
  package var droppedCounts: [String: Int] = [:]

  package init() {}
}

package struct TargetStatus: Sendable {
  package enum Health: String, Sendable {
    case unknown, up, down
  }

  package var discoveredLabels: Labels
  package var labels: Labels
  package var scrapePool: String
  package var scrapeURL: String
  /// `scrapeURL` with a loopback host replaced by this machine's name.
  package var globalURL: String
  /// Empty where the last scrape went well.
  package var lastError: String
  /// Nil before the first scrape.
  package var lastScrapeMs: Int64?
  package var lastScrapeSeconds: Double
  package var health: Health
  package var intervalMs: Int64
  package var timeoutMs: Int64
  /// By metric name.
  package var metadata: [String: MetricMetadata]

  package init(
    labels: Labels, discoveredLabels: Labels, scrapePool: String, scrapeURL: String,
    globalURL: String, intervalMs: Int64, timeoutMs: Int64
  ) {
    self.labels = labels
    self.discoveredLabels = discoveredLabels
    self.scrapePool = scrapePool
    self.scrapeURL = scrapeURL
    self.globalURL = globalURL
    self.intervalMs = intervalMs
    self.timeoutMs = timeoutMs
    lastError = ""
    lastScrapeMs = nil
    lastScrapeSeconds = 0
    health = .unknown
    metadata = [:]
  }
}

package struct DroppedTarget: Sendable {
  package var discoveredLabels: Labels
  package var scrapePool: String

  package init(discoveredLabels: Labels, scrapePool: String) {
    self.discoveredLabels = discoveredLabels
    self.scrapePool = scrapePool
  }
}
