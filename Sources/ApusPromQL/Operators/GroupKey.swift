internal import ApusModel

/// Which group of an aggregation a series belongs to: found once per series.
struct GroupKey {
  private let names: LabelNameSet
  private let isWithout: Bool

  init(_ grouping: [String], isWithout: Bool) {
    self.isWithout = isWithout
    names = LabelNameSet(isWithout ? grouping + [LabelNames.metricName] : grouping)
  }

  /// All series are in one group.
  var isSingle: Bool { !isWithout && names.names.isEmpty }

  func labels(_ labels: Labels) -> Labels {
    isWithout ? names.deleting(labels) : names.keeping(labels)
  }
}

/// Groups in order of their first series.
struct GroupTable {
  private let key: GroupKey
  private var places: [Labels: Int] = [:]
  private(set) var labels: [Labels] = []
  /// Some series of the group loses its name at the end.
  private(set) var dropsName: [Bool] = []

  init(_ key: GroupKey) { self.key = key }

  var count: Int { labels.count }

  /// The group of a series; a new one has the number `count` had before.
  mutating func place(of block: SeriesBlock) -> Int { place(of: block.labels, block.dropsName) }

  mutating func place(of seriesLabels: Labels, _ drops: Bool) -> Int {
    if key.isSingle && !labels.isEmpty {
      if drops { dropsName[0] = true }
      return 0
    }
    let group = key.labels(seriesLabels)
    if let place = places[group] {
      if drops { dropsName[place] = true }
      return place
    }
    places[group] = labels.count
    labels.append(group)
    dropsName.append(drops)
    return labels.count - 1
  }
}
