import ApusModel
import ApusStorage
import ApusSystem
import ApusTSDB
import Testing

/// A store with an out-of-order window that is two dictionaries.
private struct LateModel {
  let windowMs: Int64
  var inOrder: [Labels: [Int64: UInt64]] = [:]
  var late: [Labels: [Int64: UInt64]] = [:]
  var lastTimes: [Labels: (time: Int64, bits: UInt64)] = [:]
  var maxTime = Int64.min

  /// Prometheus's rules, as plainly as they can be written.
  mutating func append(
    _ batch: [(labels: Labels, time: Int64, value: Double)]
  ) -> [(Int, AppendError)] {
    if maxTime == .min, let first = batch.first { maxTime = first.time }
    let (minValid, oldestLate) = (maxTime - 3_600_000, maxTime - windowMs)
    var rejected: [(Int, AppendError)] = []
    for (i, sample) in batch.enumerated() {
      let bits = sample.value.bitPattern
      let last = lastTimes[sample.labels]
      if sample.time >= minValid, last.map({ $0.time < sample.time }) ?? true {
        inOrder[sample.labels, default: [:]][sample.time] = bits
        lastTimes[sample.labels] = (sample.time, bits)
      } else if sample.time >= minValid, let last, last.time == sample.time {
        if last.bits != bits { rejected.append((i, .duplicate)) }
      } else if sample.time >= oldestLate {
        if late[sample.labels]?[sample.time] == nil {
          late[sample.labels, default: [:]][sample.time] = bits
        }
      } else {
        rejected.append((i, .tooOld))
      }
    }
    for last in lastTimes.values { maxTime = max(maxTime, last.time) }
    return rejected
  }

  mutating func delete(_ range: TimeRange, _ matchers: [LabelMatcher]) {
    for labels in lastTimes.keys where matchers.allSatisfy({ $0.matches(labels) }) {
      inOrder[labels] = inOrder[labels]?.filter { !range.contains($0.key) }
    }
    for labels in late.keys where matchers.allSatisfy({ $0.matches(labels) }) {
      late[labels] = late[labels]?.filter { !range.contains($0.key) }
    }
  }

  func answers(_ matchers: [LabelMatcher], in range: TimeRange) -> [Answer] {
    var all: [Answer] = []
    let known = Set(inOrder.keys).union(late.keys)
    for labels in known.sorted() where matchers.allSatisfy({ $0.matches(labels) }) {
      let samples = (late[labels] ?? [:]).merging(inOrder[labels] ?? [:]) { $1 }
        .filter { range.contains($0.key) }.sorted { $0.key < $1.key }
      guard !samples.isEmpty else { continue }
      all.append(Answer(labels: labels, times: samples.map(\.key), bits: samples.map(\.value)))
    }
    return all
  }
}

struct OutOfOrderModelTests {
  private static let window: Int64 = 3 * 3_600_000

  private var options: TSDBOptions {
    var options = TSDBOptions()
    options.outOfOrderWindowMs = Self.window
    return options
  }

  /// Samples around now, many of them late, some too late. What comes late has a value that
  /// follows from its time, so that it does not matter which of two is kept.
  private func batch(
    _ maker: inout BatchMaker, newest: Int64
  ) -> [(labels: Labels, time: Int64, value: Double)] {
    (0..<Int.random(in: 1..<40, using: &maker.numbers)).map { _ in
      let labels = maker.labels()
      guard Int.random(in: 0..<3, using: &maker.numbers) == 0 else {
        return (labels, maker.now, maker.value())
      }
      let behind = Int64.random(in: 0..<(Self.window + 600_000), using: &maker.numbers)
      let time = (maker.now - behind) / 5_000 * 5_000
      return (labels, time, Double(time))
    }
  }

  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func `samples in any order come back as from a dictionary`(seed: UInt64) throws {
    var maker = BatchMaker(seed: seed)
    var model = LateModel(windowMs: Self.window)
    var directory = StoreDirectory("late")
    let clock = StillClock(maker.now)
    var store = try openStore(directory.path, options, clock: clock)
    for round in 0..<240 {
      maker.now += 240_000
      clock.set(maker.now)
      let samples = batch(&maker, newest: maker.now)
      let expected = model.append(samples)
      let rejected = try append(samples, to: store)
      #expect(rejected.map(\.0) == expected.map(\.0))
      #expect(rejected.map(\.1) == expected.map(\.1))
      if round % 7 == 6 { store.maintain() }
      if round % 40 == 39 { try compare(store, model, &maker) }
      if round % 60 == 29 {
        let range = TimeRange(maker.now - 9_000_000, maker.now - 1_000_000)
        let selector = selectors[round % selectors.count]
        try store.deleteSeries(in: range, matching: selector)
        model.delete(range, selector)
      }
      guard round % 25 == 24 else { continue }
      if round % 2 == 0 {
        let copy = StoreDirectory("late")
        try copyTree(directory.path, copy.path)
        directory = copy
      } else {
        try store.close()
      }
      store = try openStore(directory.path, options, clock: clock)
      try compare(store, model, &maker)
    }
    try compare(store, model, &maker)
    let metas = try PosixFileSystem().list(directory.path).filter { ULID($0) != nil }
    #expect(metas.count >= 2)
  }

  private func compare(_ store: TSDB, _ model: LateModel, _ maker: inout BatchMaker) throws {
    for selector in selectors {
      let from = maker.now - Int64.random(in: 0..<20_000_000, using: &maker.numbers)
      let to = from + Int64.random(in: 0..<20_000_000, using: &maker.numbers)
      for range in [TimeRange.all, TimeRange(from, to)] {
        let answers = try store.answers(selector, in: range).filter { !$0.times.isEmpty }
        #expect(answers == model.answers(selector, in: range))
      }
    }
  }
}
