package import ApusModel

/// One receiver of all samples.
package struct RemoteWriteConfig: Sendable, Equatable {
  package var url = ""
  /// Empty for one made from a hash of the configuration.
  package var name = ""
  package var timeoutMs: Int64 = 30_000
  /// In order of name.
  package var headers: [Label] = []
  package var relabelRules: [RelabelRule] = []
  package var message = RemoteWriteMessage.v1
  package var sendsExemplars = false
  package var sendsNativeHistograms = false
  package var roundRobinsDNS = false
  package var client = HTTPClientConfig()
  package var queue = RemoteQueueConfig()
  package var metadata = RemoteMetadataConfig()

  package init() {}
}

/// Raw values are the words of the file.
package enum RemoteWriteMessage: String, Sendable, CaseIterable {
  case v1 = "prometheus.WriteRequest"
  case v2 = "io.prometheus.write.v2.Request"
}

package struct RemoteQueueConfig: Sendable, Equatable {
  package var capacity = 10_000
  package var shardsMax = 50
  package var shardsMin = 1
  package var samplesPerSendMax = 2_000
  package var batchSendDeadlineMs: Int64 = 5_000
  package var backoffMinMs: Int64 = 30
  package var backoffMaxMs: Int64 = 5_000
  package var retriesOnRateLimit = false
  /// 0 for no bound.
  package var sampleAgeMaxMs: Int64 = 0

  package init() {}
}

package struct RemoteMetadataConfig: Sendable, Equatable {
  package var isSent = true
  package var intervalMs: Int64 = 60_000
  package var samplesPerSendMax = 2_000

  package init() {}
}

/// One storage that queries ask too.
package struct RemoteReadConfig: Sendable, Equatable {
  package var url = ""
  package var name = ""
  package var timeoutMs: Int64 = 60_000
  package var frameBytesMax: UInt64 = 50_000_000
  /// In order of name.
  package var headers: [Label] = []
  package var readsRecent = false
  package var filtersExternalLabels = true
  package var requiredMatchers: [Label] = []
  package var client = HTTPClientConfig()

  package init() {}
}

/// Where spans of our own work would go; read and checked, not used.
package struct TracingConfig: Sendable, Equatable {
  package var clientType = "grpc"
  package var endpoint = ""
  package var samplingFraction = 0.0
  package var isInsecure = false
  package var headers: [Label] = []
  package var compression = ""
  package var timeoutMs: Int64 = 0
  package var tls = TLSConfig()

  package init() {}
}

/// How OpenTelemetry metrics become series.
package struct OTLPConfig: Sendable, Equatable {
  package var promotesAllResourceAttributes = false
  package var promotedResourceAttributes: [String] = []
  package var ignoredResourceAttributes: [String] = []
  package var translation = OTLPTranslation.underscoresWithSuffixes
  package var keepsIdentifyingResourceAttributes = false
  package var convertsHistograms = false
  package var promotesScopeMetadata = false
  package var sanitizesUnderscores = true
  package var preservesMultipleUnderscores = true

  package init() {}
}

/// Raw values are the words of the file.
package enum OTLPTranslation: String, Sendable, CaseIterable {
  case underscoresWithSuffixes = "UnderscoreEscapingWithSuffixes"
  case utf8WithSuffixes = "NoUTF8EscapingWithSuffixes"
  case underscoresWithoutSuffixes = "UnderscoreEscapingWithoutSuffixes"
  case none = "NoTranslation"
}
