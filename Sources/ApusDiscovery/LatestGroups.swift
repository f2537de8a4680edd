internal import ApusModel
internal import Synchronization

/// The latest group of each part of a source, for parts that fail while others do not.
final class LatestGroups: Sendable {
  private let groups = Mutex<[String: TargetGroup]>([:])

  /// Takes over what was found, and gives all that is known of these names, in their order.
  func update(_ found: [String: TargetGroup], names: [String]) -> [TargetGroup] {
    groups.withLock { known in
      known.merge(found) { $1 }
      return names.compactMap { known[$0] }
    }
  }
}
