package import ApusModel

/// A whole configuration file: plain data, defaults filled in, checked.
package struct Config: Sendable {
  package var global = GlobalConfig()
  package var runtime = RuntimeConfig()
  package var alerting = AlertingConfig()
  /// Globs, resolved against the directory of the file: relative ones are so to our process.
  package var ruleFiles: [String] = []
  /// Globs, resolved against the directory of the file: relative ones are so to our process.
  package var scrapeConfigFiles: [String] = []
  /// Those of `scrapeConfigFiles` included.
  package var scrapeConfigs: [ScrapeConfig] = []
  package var storage = StorageConfig()
  package var remoteWrites: [RemoteWriteConfig] = []
  package var remoteReads: [RemoteReadConfig] = []
  /// Nil for none.
  package var tracing: TracingConfig?
  package var otlp = OTLPConfig()
  /// What is allowed and still deserves a line in the log, such as an empty environment variable.
  package var warnings: [ConfigError] = []
  /// The configuration as YAML with defaults filled in and secrets hidden, for status pages.
  package var shownText = ""

  package init() {}
}

package struct GlobalConfig: Sendable, Equatable {
  package var scrapeIntervalMs: Int64 = 60_000
  package var scrapeTimeoutMs: Int64 = 10_000
  /// Nil for the default order.
  package var scrapeProtocols: [ScrapeProtocol]?
  package var evaluationIntervalMs: Int64 = 60_000
  package var ruleQueryOffsetMs: Int64 = 0
  package var externalLabels = Labels.empty
  /// Empty for none.
  package var queryLogFile = ""
  package var scrapeFailureLogFile = ""
  package var limits = ScrapeLimits()
  package var nameValidation = NameValidation.utf8
  package var nameEscaping: NameEscaping?
  package var scrapesNativeHistograms = false
  package var convertsClassicHistograms = false
  package var alwaysScrapesClassicHistograms = false
  package var hasExtraScrapeMetrics = false

  package init() {}
}

package struct RuntimeConfig: Sendable, Equatable {
  package var gogc: Int?

  package init() {}
}

/// Raw values are the words of the file.
package enum ScrapeProtocol: String, Sendable, CaseIterable {
  case protobuf = "PrometheusProto"
  case text0 = "PrometheusText0.0.4"
  case text1 = "PrometheusText1.0.0"
  case openMetrics0 = "OpenMetricsText0.0.1"
  case openMetrics1 = "OpenMetricsText1.0.0"
}

package enum NameValidation: String, Sendable {
  case utf8
  case legacy
}

package enum NameEscaping: String, Sendable {
  case allowUTF8 = "allow-utf-8"
  case underscores
  case dots
  case values
}

/// Bounds on what one scrape may bring; 0 for none.
package struct ScrapeLimits: Sendable, Equatable {
  package var bodyBytes = 0
  package var samples = 0
  package var labels = 0
  package var labelNameBytes = 0
  package var labelValueBytes = 0
  package var targets = 0
  package var keptDroppedTargets = 0
  package var nativeHistogramBuckets = 0
  package var nativeHistogramMinBucketFactor = 0.0

  package init() {}
}

/// A string that prints as `<secret>`.
package struct Secret: Sendable, Equatable, CustomStringConvertible {
  package let text: String

  package init(_ text: String) { self.text = text }

  package var isEmpty: Bool { text.isEmpty }
  package var description: String { text.isEmpty ? "" : "<secret>" }
}
