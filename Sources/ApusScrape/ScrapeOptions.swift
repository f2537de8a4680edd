/// What the server says about all jobs.
package struct ScrapeOptions: Sendable {
  /// Such as `Prometheus/3.5.0`.
  package var userAgent: String
  /// This machine's name: so that replicas scrape at different moments.
  package var hostname: String
  /// Where this server is reached from elsewhere, for links to targets on this machine.
  package var externalURL = ""
  /// `host:port` on which it listens itself.
  package var listenAddress = ""
  /// Whether all jobs write the extra synthetic series (`extra-scrape-metrics`).
  package var hasExtraScrapeMetrics = false
  /// Whether series get their family's type and unit as labels (`type-and-unit-labels`).
  package var addsTypeAndUnit = false

  package init(userAgent: String, hostname: String) {
    self.userAgent = userAgent
    self.hostname = hostname
  }
}
