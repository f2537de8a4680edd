package import ApusModel

/// What is allowed and still a mistake most of the time.
package enum ConfigLint {
  package struct DuplicateRule: Sendable, Hashable {
    /// The recorded metric, or the alert's name.
    package let metric: String
    package let labels: Labels

    package init(metric: String, labels: Labels) {
      self.metric = metric
      self.labels = labels
    }
  }

  /// Rules of a file with the same name and labels, each pair once, by name and labels.
  package static func duplicates(_ file: RuleFile) -> [DuplicateRule] {
    var counts: [DuplicateRule: Int] = [:]
    for group in file.groups {
      for rule in group.rules {
        let key = DuplicateRule(
          metric: rule.alert.isEmpty ? rule.record : rule.alert,
          labels: Labels(group.labels + rule.labels))
        counts[key, default: 0] += 1
      }
    }
    return counts.filter { $0.value > 1 }.keys.sorted { a, b in
      let names = compareBytes(a.metric.utf8.span, b.metric.utf8.span)
      return names == 0 ? a.labels < b.labels : names < 0
    }
  }

  /// What promtool says of duplicates.
  package static func text(_ duplicates: [DuplicateRule]) -> String {
    var text = "\(duplicates.count) duplicate rule(s) found.\n"
    for rule in duplicates {
      text += "Metric: \(rule.metric)\nLabel(s):\n"
      for label in rule.labels { text += "\t\(label.name): \(label.value)\n" }
    }
    return text + "Might cause inconsistency while recording expressions"
  }

  /// The first job whose samples are stale before the next scrape; nil if there is none.
  package static func tooLongInterval(
    _ jobs: [ScrapeConfig], lookbackMs: Int64
  ) -> ScrapeConfig? {
    lookbackMs == 0 ? nil : jobs.first { $0.intervalMs > lookbackMs }
  }
}
