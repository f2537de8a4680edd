package import ApusModel

/// All mechanisms of one job or Alertmanager set.
package struct DiscoveryConfigs: Sendable, Equatable {
  /// One group for each static config, its source the position in the list.
  package var staticGroups: [TargetGroup] = []
  package var files: [FileDiscoveryConfig] = []

  package init() {}
}

package struct FileDiscoveryConfig: Sendable, Equatable {
  /// Globs (`*` only in the last path element), made absolute.
  package var patterns: [String]
  package var refreshIntervalMs: Int64

  package init(patterns: [String], refreshIntervalMs: Int64 = 300_000) {
    self.patterns = patterns
    self.refreshIntervalMs = refreshIntervalMs
  }
}
