/// Discovered addresses with labels that they share.
package struct TargetGroup: Sendable, Hashable {
  /// Names the group inside its mechanism; a later group with the same source replaces it.
  package let source: String
  /// One label set a target, each with `__address__`.
  package let targets: [Labels]
  /// Added to every target; a target's own label wins.
  package let labels: Labels

  package init(source: String, targets: [Labels], labels: Labels) {
    self.source = source
    self.targets = targets
    self.labels = labels
  }
}
