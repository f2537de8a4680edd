package import ApusModel

/// The latest groups of one mechanism, by source.
package struct GroupMerge: Sendable {
  private var bySource: [String: TargetGroup] = [:]

  package init() {}

  /// Takes groups over; false if nothing changed.
  package mutating func update(_ groups: [TargetGroup]) -> Bool {
    var hasChanged = false
    for group in groups {
      if group.targets.isEmpty {
        if bySource.removeValue(forKey: group.source) != nil { hasChanged = true }
      } else if bySource[group.source] != group {
        bySource[group.source] = group
        hasChanged = true
      }
    }
    return hasChanged
  }

  /// By source.
  package var groups: [TargetGroup] {
    bySource.values.sorted { $0.source < $1.source }
  }

  package var targetCount: Int { bySource.values.reduce(0) { $0 + $1.targets.count } }
}
