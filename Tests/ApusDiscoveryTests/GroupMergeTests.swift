import ApusDiscovery
import ApusModel
import Testing

struct GroupMergeTests {
  private func group(_ source: String, _ addresses: String...) -> TargetGroup {
    TargetGroup(
      source: source, targets: addresses.map { Labels([Label("__address__", $0)]) },
      labels: .empty)
  }

  @Test func `a later group of the same source replaces the earlier one`() {
    var merge = GroupMerge()
    #expect(merge.update([group("b", "1"), group("a", "2")]) == true)
    #expect(merge.update([group("b", "3", "4")]) == true)
    #expect(merge.groups.map(\.source) == ["a", "b"])
    #expect(merge.groups.map(\.addresses) == [["2"], ["3", "4"]])
    #expect(merge.targetCount == 3)
  }

  @Test func `a group without targets takes its source away`() {
    var merge = GroupMerge()
    _ = merge.update([group("a", "1")])
    #expect(merge.update([group("a")]) == true)
    #expect(merge.groups.isEmpty)
  }

  @Test func `what changes nothing is no change`() {
    var merge = GroupMerge()
    _ = merge.update([group("a", "1")])
    #expect(merge.update([group("a", "1"), group("b")]) == false)
  }
}
