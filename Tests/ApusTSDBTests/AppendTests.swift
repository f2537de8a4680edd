import ApusModel
import ApusStorage
import ApusTSDB
import Testing

struct AppendTests {
  @Test func `what is appended is read back in label order`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path)
    let b: Labels = ["__name__": "up", "instance": "b"]
    let a: Labels = ["__name__": "up", "instance": "a"]
    for i in 0..<300 {
      #expect(try store.append(b, 1_000_000 + Int64(i) * 15_000, Double(i)) == nil)
      #expect(try store.append(a, 1_000_000 + Int64(i) * 15_000, 0.1 * Double(i)) == nil)
    }
    let answers = try store.answers([.equal("__name__", "up")])
    #expect(answers.map(\.labels) == [a, b])
    #expect(answers[0].times == (0..<300).map { 1_000_000 + $0 * 15_000 })
    #expect(answers[0].bits == (0..<300).map { (0.1 * Double($0)).bitPattern })
    #expect(answers[1].bits == (0..<300).map { Double($0).bitPattern })
  }

  @Test func `a sample is judged as Prometheus judges it`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path)
    let series: Labels = ["__name__": "x"]
    let hour: Int64 = 3_600_000
    #expect(try store.append(series, 10 * hour, 1) == nil)
    #expect(try store.append(series, 10 * hour, 1) == nil)
    #expect(try store.append(series, 10 * hour, 2) == .duplicate)
    #expect(try store.append(series, 10 * hour - 1, 2) == .outOfOrder)
    #expect(try store.append(["__name__": "y"], 9 * hour, 2) == nil)
    #expect(try store.append(["__name__": "y"], 9 * hour - 1, 2) == .outOfBounds)
    #expect(try store.append(series, 10 * hour + 1, .nan) == nil)
    #expect(try store.append(series, 10 * hour + 1, .nan) == nil)
    #expect(try store.append(series, 10 * hour + 1, StaleMarker.value) == .duplicate)
    #expect(try store.answers([.equal("__name__", "x")])[0].times == [10 * hour, 10 * hour + 1])
  }

  @Test func `several samples of one series in one batch are judged one after another`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path)
    let refs = try store.resolve([["__name__": "a"], ["__name__": "b"]])
    var batch = AppendBatch()
    for time in [1, 2, 2, 1, 3] as [Int64] {
      batch.append(refs[1], timeMs: time, value: Double(time))
      batch.append(refs[0], timeMs: time, value: Double(batch.times.count))
    }
    batch.append(SeriesRef(999), timeMs: 4, value: 4)
    let rejected = try store.append(batch).rejections
    #expect(rejected.map(\.index) == [5, 6, 7, 10])
    #expect(rejected.map(\.error) == [.duplicate, .outOfOrder, .outOfOrder, .unknownSeries])
    let answers = try store.answers(everything)
    #expect(answers.map(\.times) == [[1, 2, 3], [1, 2, 3]])
  }

  @Test func `the newest sample is found with and without reading chunks`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path)
    let series: Labels = ["__name__": "x"]
    for i in 0..<200 { try store.append(series, Int64(i) * 1000, Double(i)) }
    let querier = try store.querier(in: .all)
    let cursor = try querier.select(everything, in: .all, hints: SelectHints())
    #expect(try cursor.next())
    func latest(_ at: Int64, _ oldest: Int64) throws -> Int64? {
      try cursor.latest(atMs: at, newerThanMs: oldest)?.timeMs
    }
    #expect(try latest(500_000, 0) == 199_000)
    #expect(try latest(199_000, 198_999) == 199_000)
    #expect(try latest(500_000, 199_000) == nil)
    #expect(try latest(198_999, 0) == 198_000)
    #expect(try latest(1_500, 0) == 1_000)
    #expect(try latest(999, 0) == nil)
    #expect(try latest(999, -1) == 0)
  }
}
