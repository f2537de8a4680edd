package import ApusModel

package struct AlertingConfig: Sendable, Equatable {
  package var relabelRules: [RelabelRule] = []
  package var alertmanagers: [AlertmanagerConfig] = []

  package init() {}
}

/// A set of Alertmanagers reached in the same way.
package struct AlertmanagerConfig: Sendable, Equatable {
  package var scheme = "http"
  package var pathPrefix = ""
  package var timeoutMs: Int64 = 10_000
  package var client = HTTPClientConfig()
  package var discovery = DiscoveryConfigs()
  package var relabelRules: [RelabelRule] = []
  package var alertRelabelRules: [RelabelRule] = []

  package init() {}
}
