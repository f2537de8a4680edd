internal import ApusModel
internal import ApusStorage

extension Head {
  /// Exemplars of the series that match any of the matcher lists, in label order, oldest first.
  func selectExemplars(
    in range: TimeRange, matching selectors: [[LabelMatcher]]
  ) throws(StorageError) -> [SeriesExemplars] {
    let lease = epochs.enter()
    defer { withExtendedLifetime(lease) {} }
    var byOrdinal: [UInt32: [Exemplar]] = [:]
    for entry in exemplars.entries(in: range) {
      byOrdinal[entry.ordinal, default: []].append(entry.exemplar)
    }
    var found: [SeriesExemplars] = []
    for (ordinal, list) in byOrdinal {
      guard let labels = labels(ofOrdinal: ordinal) else { continue }
      let isWanted = selectors.contains { matchers in matchers.allSatisfy { $0.matches(labels) } }
      if isWanted { found.append(SeriesExemplars(seriesLabels: labels, exemplars: list)) }
    }
    return found.sorted { $0.seriesLabels < $1.seriesLabels }
  }
}
