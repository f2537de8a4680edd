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
}
