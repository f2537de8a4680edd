import ApusModel
import ApusStorage
import ApusTSDB
import Testing

struct IsolationTests {
  // Writer                            Reader
  // batch i: series 0..<200 at time i
  //                                   select: all 200 series end at the same time
  // batch i + 1
  //                                   decodes what it selected: nothing came after
  @Test func `a reader never sees half a batch`() async throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path)
    let labels = (0..<200).map { Labels([Label("__name__", "x"), Label("n", "\($0)")]) }
    let refs = try store.resolve(labels)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        for time in 1...2000 {
          var batch = AppendBatch()
          for ref in refs { batch.append(ref, timeMs: Int64(time) * 1000, value: Double(time)) }
          let outcome = try store.append(batch)
          #expect(outcome.rejections.isEmpty)
        }
      }
      group.addTask {
        var seen = 0
        while seen < 2000 {
          let answers = try store.answers([.equal("__name__", "x")])
          let counts = Set(answers.map(\.times.count))
          #expect(counts.count <= 1)
          for answer in answers
          where answer.times != (1...Int64(max(1, answer.times.count))).map({ $0 * 1000 }) {
            Issue.record("\(answer.labels) has a gap")
          }
          if !answers.isEmpty { #expect(answers.count == 200) }
          seen = counts.first ?? 0
        }
      }
      try await group.waitForAll()
    }
  }

  // Reader                 Writer
  // holds a and b
  //                        a, b and the new series a2 at 2 s
  // a: 1 s   b: 1 s
  @Test func `selectors that are held show one moment`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path)
    func write(_ names: [(String, String)], _ timeMs: Int64) throws {
      var batch = AppendBatch()
      let series = names.map { Labels([Label("__name__", $0.0), Label("n", $0.1)]) }
      for ref in try store.resolve(series) { batch.append(ref, timeMs: timeMs, value: 1) }
      #expect(try store.append(batch).rejections.isEmpty)
    }
    try write([("a", "1"), ("b", "1")], 1000)
    let a = [LabelMatcher.equal("__name__", "a")]
    let b = [LabelMatcher.equal("__name__", "b")]
    let querier = try store.querier(in: .all)
    try querier.hold([a, b])
    try write([("a", "1"), ("b", "1"), ("a", "2")], 2000)
    for matchers in [a, b] {
      let cursor = try querier.select(matchers, in: .all, hints: SelectHints())
      #expect(try cursor.next())
      var batch = SampleBatch()
      try cursor.read(into: &batch)
      #expect(batch.times == [1000])
      #expect(try cursor.latest(atMs: 5000, newerThanMs: 0)?.timeMs == 1000)
      #expect(try !cursor.next())
      let later = try querier.select(matchers, in: TimeRange(1001, 5000), hints: SelectHints())
      #expect(try !later.next())
    }
    #expect(try store.answers(a).map(\.times) == [[1000, 2000], [2000]])
  }

  // Writer                            Reader
  // batch i: x at time i, and the
  // new series n = i                  select: as many series as x has samples
  @Test func `a reader sees the new series of a batch with the others`() async throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path)
    let x = Labels([Label("__name__", "x")])
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        for time in 1...3000 {
          let new = Labels([Label("__name__", "x"), Label("n", "\(time)")])
          var batch = AppendBatch()
          for ref in try store.resolve([x, new]) {
            batch.append(ref, timeMs: Int64(time), value: 1)
          }
          #expect(try store.append(batch).rejections.isEmpty)
        }
      }
      group.addTask {
        var seen = 0
        while seen < 3000 {
          let answers = try store.answers([.equal("__name__", "x")])
          seen = answers.first?.times.count ?? 0
          guard answers.isEmpty || answers.count == seen + 1 else {
            Issue.record("\(answers.count - 1) new series with batch \(seen)")
            return
          }
        }
      }
      try await group.waitForAll()
    }
  }
}
