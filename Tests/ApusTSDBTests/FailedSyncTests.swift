import ApusModel
import ApusStorage
import ApusSystem
import ApusTelemetry
import ApusTesting
import Testing

@testable import ApusTSDB

/// A sync that fails, and what the kernel then does: pages that were not written count as clean,
/// and the next sync that succeeds says nothing about them.
struct FailedSyncTests {
  private func prepared(_ options: TSDBOptions, seed: UInt64) throws -> (FaultyFileSystem, TSDB) {
    let files = FaultyFileSystem(seed: seed)
    try files.makeDirectory("/data")
    try files.syncDirectory("/")
    return (files, try openStore("/data", options, files: files))
  }

  private var small: TSDBOptions {
    var options = TSDBOptions()
    options.walSegmentBytes = 32 << 10
    options.walCompression = .none
    options.outOfOrderWindowMs = 7_200_000
    return options
  }

  private func append(_ store: TSDB, _ times: Range<Int64>) throws {
    for time in times {
      var batch = AppendBatch()
      for (i, ref) in try store.resolve((0..<5).map { ["__name__": "m\($0)"] }).enumerated() {
        batch.append(ref, timeMs: time * 1000, value: Double(i))
        if time > 5 { batch.append(ref, timeMs: time * 1000 - 4_500, value: -1) }
      }
      #expect(try store.append(batch).rejections.isEmpty)
    }
  }

  @Test(arguments: 0..<8 as Range<Int>)
  func `what a failed sync may have lost is written anew`(call: Int) throws {
    for seed in 1...12 as ClosedRange<UInt64> {
      let (files, store) = try prepared(small, seed: seed)
      try append(store, 0..<50)
      store.syncLog()
      // More than a segment, so that older ones are not durable either.
      try append(store, 50..<250)
      let wanted = try store.answers(everything)
      files.set { $0.failAfter = call }
      store.syncLog()
      files.set { $0.failAfter = nil }
      // One that succeeds: from here on all is said to be durable.
      store.syncLog()
      files.restart(losingPower: true)
      let again = try openStore("/data", small, files: files)
      #expect(try again.answers(everything) == wanted, "seed \(seed), call \(call)")
    }
  }

  @Test func `while no sync succeeds nothing is taken, and later all is well`() throws {
    for seed in 1...12 as ClosedRange<UInt64> {
      let (files, store) = try prepared(small, seed: seed)
      try append(store, 0..<20)
      files.set { $0.failsSyncs = true }
      for _ in 0..<3 { store.syncLog() }
      let before = try store.answers(everything)
      do {
        try append(store, 20..<21)
        Issue.record("taken")
      } catch let error as StorageError {
        #expect(error.description.contains("a sync of /data/wal failed"), "\(error)")
        #expect(error.reason == .system)
      }
      #expect(try store.answers(everything) == before)
      // Nobody has to wait for the next round of syncs.
      files.set { $0.failsSyncs = false }
      try append(store, 21..<22)
      let wanted = try store.answers(everything)
      store.syncLog()
      #expect(try files.list("/data/wal").count < 8)
      files.restart(losingPower: true)
      #expect(try openStore("/data", small, files: files).answers(everything) == wanted)
    }
  }

  @Test func `with an interval of zero an append is answered when it is durable after all`()
    throws
  {
    var options = small
    options.walSyncIntervalMs = 0
    for call in 0..<30 {
      let (files, store) = try prepared(options, seed: UInt64(call))
      try append(store, 0..<10)
      files.set { $0.failAfter = call }
      var taken: Int64 = 10
      for time in 10..<16 as Range<Int64> {
        guard (try? append(store, time..<(time + 1))) != nil else { continue }
        taken = time + 1
      }
      let newest = try store.answers(everything)
      files.restart(losingPower: true)
      let again = try openStore("/data", options, files: files)
      let found = try again.answers(everything)
      #expect(found.map { $0.times.last } == newest.map { $0.times.last }, "call \(call)")
      #expect(found[0].times.last == (taken - 1) * 1000)
    }
  }

  @Test func `a store that is closed over a failed sync has lost nothing`() throws {
    for call in 0..<12 {
      let (files, store) = try prepared(small, seed: UInt64(call))
      try append(store, 0..<100)
      let wanted = try store.answers(everything)
      files.set { $0.failAfter = call }
      let isClosed = (try? store.close()) != nil
      files.restart(losingPower: isClosed)
      #expect(
        try openStore("/data", small, files: files).answers(everything) == wanted, "call \(call)")
    }
  }

  @Test func `a refused batch leaves no late sample behind, and the log goes on`() throws {
    for goesOn in [false, true] {
      let (files, store) = try prepared(small, seed: 1)
      try append(store, 0..<10)
      var wanted = try store.answers(everything)
      // The log of late samples is written first, and then this fails.
      files.set { $0.failAfter = 1 }
      #expect(throws: StorageError.self) { try append(store, 10..<11) }
      #expect(try store.answers(everything) == wanted)
      if goesOn {
        // What is logged behind the place is read again.
        try append(store, 11..<14)
        #expect(try store.answers(everything) != wanted)
        wanted = try store.answers(everything)
      }
      files.restart(losingPower: false)
      #expect(try openStore("/data", small, files: files).answers(everything) == wanted)
    }
  }

  @Test func `a first batch that is refused does not say where the head's time begins`() throws {
    let (files, store) = try prepared(small, seed: 1)
    _ = try store.resolve((0..<5).map { ["__name__": "m\($0)"] })
    files.set { $0.failAfter = 0 }
    #expect(throws: StorageError.self) { try append(store, 1_000_000..<1_000_001) }
    files.set { $0.failAfter = nil }
    #expect(try store.status(limit: 0).maxTimeMs == .min)
    // What is older by far is as good a beginning.
    try append(store, 0..<3)
    #expect(try store.answers(everything)[0].times == [0, 1000, 2000])
  }

  @Test func `what is taken back of a log is gone, wherever it stood in its page`() throws {
    for bytes in [0, 1, 100, 32_000, 32_740, 32_755, 32_761, 40_000] {
      let files = MemoryFileSystem()
      var options = WALOptions()
      options.compression = .none
      options.segmentBytes = 128 << 10
      let writer = try WALWriter(files: files, directory: "/wal", options: options)
      func log(_ count: Int, _ byte: UInt8) throws {
        var batch = WALBatch()
        batch.add([UInt8](repeating: byte, count: count).span)
        try writer.log(batch)
      }
      if bytes > 0 { try log(bytes, 1) }
      for size in [3, 50_000] {
        let mark = writer.position
        try log(size, 2)
        try writer.retract(to: mark)
        try log(10, 3)
      }
      var reader = WALReader(
        files: files, directory: "/wal", segments: try WALSegments.list(files, "/wal"))
      var found: [UInt8] = []
      while try reader.next() { found.append(reader.record[0]) }
      #expect(found == (bytes > 0 ? [1, 3, 3] : [3, 3]), "\(bytes)")
    }
  }
}
