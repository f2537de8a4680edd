package import ApusModel

/// All mechanisms of one job or Alertmanager set.
package struct DiscoveryConfigs: Sendable, Equatable {
  /// One group for each static config, its source the position in the list.
  package var staticGroups: [TargetGroup] = []
  package var files: [FileDiscoveryConfig] = []
  package var http: [HTTPDiscoveryConfig] = []
  /// All others, by the names of their mechanisms, then in order of the file.
  package var others: [MechanismConfig] = []

  package init() {}
}

package struct FileDiscoveryConfig: Sendable, Equatable {
  /// Globs (`*` only in the last path element), resolved like all paths.
  package var patterns: [String]
  package var refreshIntervalMs: Int64

  package init(patterns: [String], refreshIntervalMs: Int64 = 300_000) {
    self.patterns = patterns
    self.refreshIntervalMs = refreshIntervalMs
  }
}

/// Target groups asked for at a URL.
package struct HTTPDiscoveryConfig: Sendable, Equatable {
  package var url: String
  package var refreshIntervalMs: Int64
  package var client: HTTPClientConfig

  package init(
    url: String, refreshIntervalMs: Int64 = 60_000, client: HTTPClientConfig = .init()
  ) {
    self.url = url
    self.refreshIntervalMs = refreshIntervalMs
    self.client = client
  }
}
