package import ApusConfig
package import ApusModel
internal import ApusSystem

/// Discovered addresses to Alertmanagers: labels, relabelling, push URLs.
package enum AlertmanagerSet {
  static let pathLabel = "__alerts_path__"

  package struct Endpoints: Equatable {
    /// Push URLs, each once, in order of discovery.
    package var active: [String] = []
    package var dropped: [String] = []
    /// Addresses that are none.
    package var problems: [String] = []
  }

  package static func endpoints(_ groups: [TargetGroup], _ config: AlertmanagerConfig) -> Endpoints
  {
    var found = Endpoints()
    for group in groups {
      for target in group.targets {
        let labels = labels(target, group, config)
        guard let kept = RelabelRule.apply(config.relabelRules, to: labels) else {
          found.dropped.append(url(labels))
          continue
        }
        let address = kept.value(of: LabelNames.address)
        if address.utf8.contains(UInt8(ascii: "/")) {
          found.problems.append("\(GoQuote.quote(address)) is not a valid hostname")
          continue
        }
        let url = url(kept)
        if !found.active.contains(url) { found.active.append(url) }
      }
    }
    return found
  }

  private static func labels(
    _ target: Labels, _ group: TargetGroup, _ config: AlertmanagerConfig
  ) -> Labels {
    var builder = LabelsBuilder(target)
    builder.set(LabelNames.scheme, config.scheme)
    builder.set(pathLabel, path(prefix: config.pathPrefix))
    for label in group.labels where !target.has(label.name) {
      builder.set(label.name, label.value)
    }
    return builder.labels()
  }

  /// `/prefix/api/v2/alerts`
  static func path(prefix: String) -> String {
    let parts = prefix.split(separator: "/").filter { $0 != "." }
    return (parts.map { "/\($0)" }).joined() + "/api/v2/alerts"
  }

  private static func url(_ labels: Labels) -> String {
    let path = labels.value(of: pathLabel)
    let separator = path.hasPrefix("/") || path.isEmpty ? "" : "/"
    return labels.value(of: LabelNames.scheme) + "://" + labels.value(of: LabelNames.address)
      + separator + URLText.pathEscaped(path)
  }
}
