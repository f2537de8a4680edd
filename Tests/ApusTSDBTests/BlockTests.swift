import ApusModel
import ApusStorage
import ApusSystem
import ApusTSDB
import Testing

@Suite struct BlockTests {
  @Test func `every sample of promtool's blocks is read`() throws {
    let first = try BlockFixtures.open(BlockFixtures.first)
    let second = try BlockFixtures.open(BlockFixtures.second)
    let lines = try first.querier(in: .all).dumped() + second.querier(in: .all).dumped()
    let sorted = lines.sorted { compareBytes($0.utf8.span, $1.utf8.span) < 0 }
    let wanted = try BlockFixtures.dump()
    #expect(sorted.count == 1050)
    #expect(sorted == wanted)
  }

  @Test func `series come in label order`() throws {
    let block = try BlockFixtures.open(BlockFixtures.first)
    let cursor = try block.querier(in: .all).select([], in: .all, hints: SelectHints())
    var labels: [Labels] = []
    while try cursor.next() { labels.append(cursor.labels) }
    #expect(labels.count == 12)
    #expect(labels == labels.sorted())
    #expect(labels.contains { $0["text"]?.utf8.count == 300 })
    #expect(labels.contains { $0["path"] == "/café/日本" })
  }

  @Test func `a range cuts samples and leaves out series that have none in it`() throws {
    let block = try BlockFixtures.open(BlockFixtures.first)
    let range = TimeRange(1_699_999_230_000, 1_699_999_290_000)
    let lines = try block.querier(in: .all).dumped(in: range)
    let wanted = try BlockFixtures.dump().filter { line in
      line.split(separator: " ").last.flatMap { Int64($0) }.map(range.contains) ?? false
    }
    #expect(lines == wanted)
    #expect(lines.count == 3)
    // The querier's own range holds too.
    let narrow = try block.querier(in: TimeRange(1_699_999_260_000, .max)).dumped(in: range)
    #expect(narrow.count == 2)
  }

  @Test func `the latest sample stands in the newest chunk that has one`() throws {
    let block = try BlockFixtures.open(BlockFixtures.first)
    let matchers = [
      LabelMatcher.equal("__name__", "http_requests_total"),
      LabelMatcher.equal("job", "api"), LabelMatcher.equal("instance", "a:9090"),
    ]
    let cursor = try block.querier(in: .all).select(matchers, in: .all, hints: SelectHints())
    #expect(try cursor.next())
    let base: Int64 = 1_699_999_200_000
    func latest(_ at: Int64, _ oldest: Int64) throws -> Int64? {
      try cursor.latest(atMs: at, newerThanMs: oldest)?.timeMs
    }
    #expect(try latest(base + 45_000, base) == base + 30_000)
    // The lower end is open, the upper closed.
    #expect(try latest(base + 29_999, base) == nil)
    #expect(try latest(base + 30_000, base) == base + 30_000)
    #expect(try latest(base - 1, .min) == nil)
    #expect(try latest(.max, .min) == base + 7_170_000)
    #expect(try latest(base, base) == nil)
  }

  @Test func `label names and values obey matchers and limits`() throws {
    let querier = try BlockFixtures.open(BlockFixtures.first).querier(in: .all)
    let names = ["__name__", "code", "instance", "job", "kind", "path", "text"]
    #expect(try querier.labelNames(matching: [], limit: 0) == names)
    #expect(try querier.labelNames(matching: [], limit: 2) == ["__name__", "code"])
    let odd = [LabelMatcher.equal("__name__", "odd_values")]
    #expect(try querier.labelNames(matching: odd, limit: 0) == ["__name__", "kind"])
    #expect(try querier.labelNames(matching: odd, limit: 1) == ["__name__"])
    #expect(try querier.labelValues(of: "job", matching: [], limit: 0) == ["api", "db", "web"])
    #expect(try querier.labelValues(of: "job", matching: [], limit: 2) == ["api", "db"])
    #expect(try querier.labelValues(of: "nothing", matching: [], limit: 0) == [])
    let notAPI = [try LabelMatcher(.notEqual, "job", "api")]
    #expect(try querier.labelValues(of: "job", matching: notAPI, limit: 0) == ["db", "web"])
    #expect(
      try querier.labelValues(of: "instance", matching: notAPI, limit: 0) == ["a:9090", "b:9090"])
    let code = [LabelMatcher.equal("code", "500")]
    #expect(try querier.labelValues(of: "job", matching: code, limit: 0) == ["api"])
    #expect(try querier.labelValues(of: "kind", matching: code, limit: 0) == [])
  }

  @Test func `a limit bounds the series`() throws {
    var hints = SelectHints()
    hints.limit = 5
    let block = try BlockFixtures.open(BlockFixtures.first)
    let cursor = try block.querier(in: .all).select([], in: .all, hints: hints)
    var count = 0
    while try cursor.next() { count += 1 }
    #expect(count == 5)
  }

  @Test func `deleted samples are gone at once and after opening again`() throws {
    let (files, directory) = try BlockFixtures.copyToMemory(BlockFixtures.first)
    let block = try Block(directory: directory, files: files)
    let before = block.querier(in: .all)
    let range = TimeRange(1_699_999_300_000, 1_700_000_000_000)
    let api = [LabelMatcher.equal("job", "api")]
    let all = try before.dumped()
    try block.delete(in: range, matching: api)
    let wanted = all.filter { line in
      let time = line.split(separator: " ").last.flatMap { Int64($0) } ?? 0
      return !(line.contains("job=\"api\"") && range.contains(time))
    }
    #expect(wanted.count < all.count)
    #expect(try block.querier(in: .all).dumped() == wanted)
    #expect(try before.dumped() == all, "a querier keeps its view")
    // Only the two counters have samples there: the other api series begin later.
    #expect(block.meta.stats.tombstoneCount == 2)
    let again = try Block(directory: directory, files: files)
    #expect(try again.querier(in: .all).dumped() == wanted)
    #expect(again.meta == block.meta)
    #expect(again.tombstones == block.tombstones)
    // Whole series go where everything is deleted.
    try block.delete(in: .all, matching: [])
    #expect(try block.querier(in: .all).dumped() == [])
    #expect(block.meta.stats.tombstoneCount == 12)
  }

  @Test func `the latest sample is never a deleted one`() throws {
    let (files, directory) = try BlockFixtures.copyToMemory(BlockFixtures.first)
    let block = try Block(directory: directory, files: files)
    let start: Int64 = 1_699_999_200_000
    try block.delete(
      in: TimeRange(start + 60_000, .max), matching: [.equal("instance", "a:9090")])
    let cursor = try block.querier(in: .all).select(
      [.equal("job", "api"), .equal("instance", "a:9090")], in: .all, hints: SelectHints())
    #expect(try cursor.next())
    #expect(try cursor.latest(atMs: .max, newerThanMs: .min)?.timeMs == start + 30_000)
  }

  @Test func `a snapshot is another name for the same files`() throws {
    let (files, directory) = try BlockFixtures.copyToMemory(BlockFixtures.first)
    let block = try Block(directory: directory, files: files)
    try block.link(below: "/data/snapshots/one")
    try files.remove(directory)
    let copy = try Block(directory: "/data/snapshots/one/\(block.ulid)", files: files)
    #expect(copy.meta == block.meta)
    #expect(copy.sizeBytes == block.sizeBytes)
    #expect(try copy.querier(in: .all).dumped() == block.querier(in: .all).dumped())
  }

  @Test func `marks survive opening again`() throws {
    let (files, directory) = try BlockFixtures.copyToMemory(BlockFixtures.second)
    let block = try Block(directory: directory, files: files)
    try block.markCompactionFailed()
    try block.markDeletable()
    let meta = try Block(directory: directory, files: files).meta
    #expect(meta.compaction.isFailed && meta.compaction.isDeletable)
    #expect(meta == block.meta)
  }
}
