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
      guard isWanted else { continue }
      // Some may have come out of order.
      let sorted = list.enumerated().sorted {
        ($0.element.timeMs ?? 0, $0.offset) < ($1.element.timeMs ?? 0, $1.offset)
      }
      found.append(SeriesExemplars(seriesLabels: labels, exemplars: sorted.map(\.element)))
    }
    return found.sorted { $0.seriesLabels < $1.seriesLabels }
  }
}
