package import ApusModel

/// One job.
package struct ScrapeConfig: Sendable, Equatable {
  package var jobName = ""
  package var intervalMs: Int64 = 60_000
  package var timeoutMs: Int64 = 10_000
  /// In order of preference; never empty.
  package var protocols: [ScrapeProtocol] = []
  package var fallbackProtocol: ScrapeProtocol?
  package var metricsPath = "/metrics"
  package var scheme = "http"
  /// Sorted by name.
  package var parameters: [QueryParameter] = []
  package var honorsLabels = false
  package var honorsTimestamps = true
  package var tracksTimestampsStaleness = false
  package var enablesCompression = true
  package var limits = ScrapeLimits()
  package var nameValidation = NameValidation.utf8
  package var nameEscaping = NameEscaping.allowUTF8
  package var histograms = ScrapeHistogramConfig()
  package var hasExtraScrapeMetrics = false
  package var scrapeFailureLogFile = ""
  package var client = HTTPClientConfig()
  package var discovery = DiscoveryConfigs()
  package var relabelRules: [RelabelRule] = []
  package var metricRelabelRules: [RelabelRule] = []

  package init() {}
}

package struct QueryParameter: Sendable, Equatable {
  package var name: String
  package var values: [String]

  package init(name: String, values: [String]) {
    self.name = name
    self.values = values
  }
}

package struct ScrapeHistogramConfig: Sendable, Equatable {
  package var scrapesNative = false
  package var convertsClassic = false
  package var alwaysScrapesClassic = false

  package init() {}
}
