/// What the server says about all jobs.
package struct ScrapeOptions: Sendable {
  /// Such as `Prometheus/3.5.0`.
  package var userAgent: String
  /// This machine's name: for links to loopback targets, and so that replicas scrape at different
  /// moments.
  package var hostname: String
  /// Whether all jobs write the extra synthetic series (`extra-scrape-metrics`).
  package var hasExtraScrapeMetrics = false

  package init(userAgent: String, hostname: String) {
    self.userAgent = userAgent
    self.hostname = hostname
  }
}
