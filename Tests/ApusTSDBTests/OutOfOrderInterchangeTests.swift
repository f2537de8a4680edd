import ApusModel
import ApusStorage
import ApusSystem
import ApusTSDB
import Synchronization
import Testing

/// Late samples from Prometheus to Apus and back.
struct OutOfOrderInterchangeTests {
  private static let directory = BlockFixtures.root + "/testdata/tsdb/prometheus-2.42-late"
  private let files = PosixFileSystem()

  private func options(_ windowMs: Int64) -> TSDBOptions {
    var options = TSDBOptions()
    options.outOfOrderWindowMs = windowMs
    options.retentionMs = 0
    return options
  }

  /// Lines `name time bits`, sorted.
  private func lines(_ store: TSDB) throws -> [String] {
    try store.answers(everything).flatMap { answer in
      zip(answer.times, answer.bits).map { time, bits in
        let hex = String(bits, radix: 16)
        return "\(answer.labels["__name__"] ?? "") \(time) "
          + String(repeating: "0", count: 16 - hex.utf8.count) + hex
      }
    }.sorted()
  }

  private func written() throws -> [String] {
    let packed = try files.read(Self.directory + "/samples.txt.gz")
    let text = String(decoding: try Gzip.expand(packed, maxBytes: 1 << 20), as: UTF8.self)
    return text.split(separator: "\n").map(String.init).sorted()
  }

  @Test(arguments: [0, 6 * 3_600_000] as [Int64])
  func `what a killed Prometheus had taken late is all there`(windowMs: Int64) throws {
    let copy = StoreDirectory("late")
    try copyTree(Self.directory, copy.path)
    let store = try openStore(copy.path, options(windowMs))
    let expected = try written()
    #expect(expected.count == 449)
    #expect(try lines(store) == expected)
    try store.close()
    let again = try openStore(copy.path, options(windowMs))
    #expect(try lines(again) == expected)
    // All of it to blocks: deleting nothing moves late samples out of the head.
    try again.deleteSeries(in: TimeRange(0, 1), matching: [.equal("__name__", "none")])
    #expect(try lines(again) == expected)
    try again.close()
    #expect(try lines(openStore(copy.path, options(windowMs))) == expected)
  }

  /// Samples in order each minute for some hours, and late ones, by four series.
  private func fill(_ store: TSDB) throws {
    let start: Int64 = 1_700_000_000_000 / 7_200_000 * 7_200_000
    let labels = (0..<4).map { Labels([Label("__name__", "m"), Label("n", "\($0)")]) }
    let refs = try store.resolve(labels)
    var numbers = SeededNumbers(9)
    for minute in 0..<Int64(160) {
      var batch = AppendBatch()
      for ref in refs {
        batch.append(ref, timeMs: start + minute * 60_000, value: Double(minute) / 4)
        guard minute > 60 else { continue }
        // Blocks of these must not reach into the time of the head: promtool would take their
        // end for the beginning of its log, as a running Prometheus does not.
        let time = start - Int64.random(in: 1..<14_400_000, using: &numbers)
        batch.append(ref, timeMs: time, value: Double(time % 1000))
      }
      #expect(try store.append(batch).rejections.isEmpty)
    }
  }

  private func dump(_ store: TSDB) throws -> [String] {
    try store.querier(in: .all).dumped(everything)
  }

  private func promtoolDump(_ directory: String) throws -> [String] {
    let copy = StoreDirectory("promtool")
    try copyTree(directory, copy.path)
    let text = try Promtool.run(["tsdb", "dump", copy.path])
    return text.split(separator: "\n").map(String.init).filter { $0.hasPrefix("{") }.sorted()
  }

  @Test func `promtool reads late samples from log, chunks and blocks`() throws {
    guard Promtool.path != nil else { return print("promtool is not installed: skipped") }
    let directory = StoreDirectory("late")
    let store = try openStore(directory.path, options(10 * 3_600_000))
    try fill(store)
    let expected = try dump(store)
    #expect(expected.count > 1000)
    // As a killed process leaves it, with full chunks and an open log.
    #expect(try promtoolDump(directory.path) == expected)
    try store.deleteSeries(in: TimeRange(0, 1), matching: [.equal("__name__", "none")])
    #expect(try dump(store) == expected)
    #expect(try promtoolDump(directory.path) == expected)
    try store.close()
    #expect(try promtoolDump(directory.path) == expected)
  }
}
