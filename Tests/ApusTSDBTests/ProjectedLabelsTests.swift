import ApusModel
import ApusStorage
import ApusTSDB
import Testing

/// Cursors give the labels that are asked for, and need not give others.
@Suite struct ProjectedLabelsTests {
  private func check(_ store: any Queryable, _ names: [String]) throws -> Int {
    let cursor = try store.querier(in: .all).select(everything, in: .all, hints: SelectHints())
    var count = 0
    while try cursor.next() {
      let all = cursor.labels
      let some = cursor.labels(keeping: names)
      for name in names { #expect(some[name] == all[name], "\(name) of \(all)") }
      for label in some { #expect(all[label.name] == label.value) }
      count += 1
    }
    return count
  }

  @Test(arguments: [[], ["job"], ["__name__", "nothing", "instance"]])
  func `head and both together keep the labels asked for`(names: [String]) throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path)
    for i in 0..<20 {
      try store.append(
        ["__name__": "m", "instance": "host-\(i)", "job": "j\(i % 3)", "zone": "z"],
        Int64(i) * 1_000, 1)
    }
    #expect(try check(store, names) == 20)
    let cursor = try store.querier(in: .all).select(everything, in: .all, hints: SelectHints())
    #expect(try cursor.next())
    #expect(cursor.labels(keeping: names).count == names.filter { $0 != "nothing" }.count)
  }

  @Test func `a block keeps the labels asked for`() throws {
    let block = try BlockFixtures.open(BlockFixtures.first)
    let cursor = try block.querier(in: .all).select([], in: .all, hints: SelectHints())
    var count = 0
    while try cursor.next() {
      let name = cursor.labels.metricName
      #expect(cursor.labels(keeping: ["__name__"]) == ["__name__": name])
      #expect(cursor.labels(keeping: []).isEmpty)
      count += 1
    }
    #expect(count == 12)
  }
}
