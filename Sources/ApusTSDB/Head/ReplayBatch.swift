internal import ApusSystem
internal import Synchronization

/// A piece of the log, read and decoded as far as that needs no head.
final class ReplayBatch: @unchecked Sendable {
  // Sound because one thread at a time fills it, and nobody changes it while several read it: it
  // changes hands through a `Handoff`, and goes back to be filled when the last user is done.

  /// Samples of all float records, one after another.
  private(set) var samples = SampleRoom()
  /// Records of other types, in the order of the log.
  private(set) var others: [Other] = []
  private var byteCount = 0
  /// The segment in which the batch ends.
  private(set) var segment = 0
  /// Why there is nothing behind what the batch holds.
  var failure: WALError?
  private let users = Atomic<Int>(0)
  private let home: Handoff<ReplayBatch>

  /// A record that is not one of float samples.
  struct Other {
    /// Samples of the batch that stand before it in the log.
    let samplesBefore: Int
    let record: [UInt8]
    /// Where it stands, in case that it cannot be decoded.
    let segment: Int
    let offset: Int

    var isSeries: Bool { RecordType(of: record.span) == .series }
  }

  /// Enough to be worth a change of hands, and little enough to stay in the cache.
  private static let samplesMax = 1 << 14
  private static let bytesMax = 1 << 18

  /// - Parameter home: where it goes when nobody uses it.
  init(home: Handoff<ReplayBatch>) { self.home = home }

  /// Keeps what it holds until `release`.
  func retain() { users.add(1, ordering: .relaxed) }

  func release() {
    if users.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { home.put(self) }
  }

  private func removeAll() {
    samples.removeAll()
    others.removeAll(keepingCapacity: true)
    byteCount = 0
    failure = nil
  }

  /// Reads on until the batch is full; false at the end of the log.
  func fill(from reader: inout WALReader) -> Bool {
    removeAll()
    defer { segment = max(0, reader.segment) }
    do throws(WALError) {
      while samples.count < Self.samplesMax && byteCount < Self.bytesMax {
        guard try reader.next() else { return false }
        try add(reader)
      }
      return true
    } catch {
      failure = error
      return false
    }
  }

  private func add(_ reader: borrowing WALReader) throws(WALError) {
    let record = reader.record
    guard let type = RecordType(of: record) else { return }
    guard SampleRecords.holds(type) else {
      byteCount += record.count
      others.append(
        Other(
          samplesBefore: samples.count, record: [UInt8](copying: record),
          segment: reader.segment, offset: reader.recordStart))
      return
    }
    do throws(RecordError) {
      try samples.append(record)
    } catch {
      throw .corruption(reader.corruption("\(error)"))
    }
  }
}

/// Where the records of a replay come from.
struct ReplaySource: Sendable {
  let files: any FileSystem
  let directory: String
  /// Ascending.
  let segments: [Int]
  /// The end of a record of the first segment; what stands before it is not read.
  var startOffset = 0

  /// One is filled, one waits, the others are in use.
  private static let batchCount = 6

  /// Reads and decodes on a thread of its own, ahead of `body`, which gets the batches in order on
  /// the caller's. A batch that `body` retains is not filled again before it is released.
  ///
  /// - Throws: what `body` throws, or what ended the log. Nobody looks at the files any more.
  func forEachBatch(
    _ body: (ReplayBatch) throws(WALError) -> Void
  ) throws(WALError) {
    let full = Handoff<ReplayBatch>(capacity: Self.batchCount)
    let empty = Handoff<ReplayBatch>(capacity: Self.batchCount)
    for _ in 0..<Self.batchCount { empty.put(ReplayBatch(home: empty)) }
    let thread = BlockingThread(name: "apus-replay")
    thread.start { decode(empty, full) }
    // The reader's mappings must not be looked at when the log is repaired.
    defer {
      empty.close()
      while full.take() != nil {}
      // They and the queue know each other.
      while empty.take() != nil {}
    }
    while let batch = full.take() {
      batch.retain()
      defer { batch.release() }
      try body(batch)
      if let failure = batch.failure { throw failure }
    }
  }

  private func decode(_ empty: Handoff<ReplayBatch>, _ full: Handoff<ReplayBatch>) {
    defer { full.close() }
    var reader = WALReader(
      files: files, directory: directory, segments: segments, from: startOffset)
    while let batch = empty.take() {
      let hasMore = batch.fill(from: &reader)
      guard full.put(batch), hasMore else { return }
    }
  }
}
