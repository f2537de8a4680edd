import ApusModel
import ApusStorage
import ApusSystem
import ApusTSDB
import Testing

/// A store that is a dictionary: what the real one must agree with.
struct ModelStore {
  var samples: [Labels: [(time: Int64, bits: UInt64)]] = [:]
  var maxTime = Int64.min
  var floor = Int64.min

  /// Prometheus's rules, as plainly as they can be written.
  mutating func append(
    _ batch: [(labels: Labels, time: Int64, value: Double)]
  ) -> [(Int, AppendError)] {
    if maxTime == .min, let first = batch.first { maxTime = first.time }
    let minValid = max(floor, maxTime - 3_600_000)
    var rejected: [(Int, AppendError)] = []
    for (i, sample) in batch.enumerated() {
      let last = samples[sample.labels]?.last
      if sample.time < minValid {
        rejected.append((i, .outOfBounds))
      } else if let last, sample.time < last.time {
        rejected.append((i, .outOfOrder))
      } else if let last, sample.time == last.time {
        if last.bits != sample.value.bitPattern { rejected.append((i, .duplicate)) }
      } else {
        samples[sample.labels, default: []].append((sample.time, sample.value.bitPattern))
      }
    }
    for list in samples.values { maxTime = max(maxTime, list.last?.time ?? .min) }
    return rejected
  }

  mutating func delete(_ range: TimeRange, _ matchers: [LabelMatcher]) {
    for (labels, list) in samples where matchers.allSatisfy({ $0.matches(labels) }) {
      samples[labels] = list.filter { !range.contains($0.time) }
    }
  }

  func answers(_ matchers: [LabelMatcher], in range: TimeRange) -> [Answer] {
    var all: [Answer] = []
    for labels in samples.keys.sorted() where matchers.allSatisfy({ $0.matches(labels) }) {
      let list = (samples[labels] ?? []).filter { range.contains($0.time) }
      guard !list.isEmpty else { continue }
      all.append(Answer(labels: labels, times: list.map(\.time), bits: list.map(\.bits)))
    }
    return all
  }
}

/// Makes batches of good and bad samples.
struct BatchMaker {
  var numbers: SeededNumbers
  var now: Int64 = 1_700_000_000_000

  init(seed: UInt64) { numbers = SeededNumbers(seed) }

  mutating func labels() -> Labels {
    var builder = LabelsBuilder()
    builder.set("__name__", "m\(Int.random(in: 0..<4, using: &numbers))")
    builder.set("job", ["api", "db", "web"].randomElement(using: &numbers) ?? "")
    if Bool.random(using: &numbers) {
      builder.set("pod", "p-\(Int.random(in: 0..<8, using: &numbers))")
    }
    return builder.labels()
  }

  mutating func value() -> Double {
    switch Int.random(in: 0..<6, using: &numbers) {
    case 0: 1
    case 1: Double(Int.random(in: 0..<100, using: &numbers))
    case 2: Double(bitPattern: numbers.next())
    case 3: StaleMarker.value
    case 4: Double(Int.random(in: 0..<100_000, using: &numbers)) / 1000
    default: -0.0
    }
  }

  mutating func batch() -> [(labels: Labels, time: Int64, value: Double)] {
    now += 15_000
    return (0..<Int.random(in: 1..<60, using: &numbers)).map { _ in
      let late: Int64 =
        switch Int.random(in: 0..<20, using: &numbers) {
        case 0: Int64.random(in: 0..<7_200_000, using: &numbers)
        case 1: 15_000
        case 2: -Int64.random(in: 0..<5_000, using: &numbers)
        default: 0
        }
      return (labels(), now - late, value())
    }
  }
}

let selectors: [[LabelMatcher]] = [
  everything, [.equal("__name__", "m1")], [.equal("job", "db"), .equal("pod", "")],
  matchers(.regex, "pod", "p-[0-3]") + [.equal("job", "api")],
  matchers(.notRegex, "pod", "p-.*"), matchers(.notEqual, "pod", ""),
  matchers(.notEqual, "job", "web") + matchers(.regex, "__name__", "m1|m2|nothing"),
  matchers(.regex, "pod", ".+"), [.equal("nothing", "x")], matchers(.regex, "job", ""),
]

func matchers(_ kind: LabelMatcher.Kind, _ name: String, _ value: String) -> [LabelMatcher] {
  (try? [LabelMatcher(kind, name, value)]) ?? []
}

func append(
  _ batch: [(labels: Labels, time: Int64, value: Double)], to store: TSDB
) throws -> [(Int, AppendError)] {
  let refs = try store.resolve(batch.map(\.labels))
  var columns = AppendBatch()
  for (ref, sample) in zip(refs, batch) {
    columns.append(ref, timeMs: sample.time, value: sample.value)
  }
  return try store.append(columns).rejections.map { ($0.index, $0.error) }
}

struct ModelTests {
  @Test(arguments: [1, 2, 3] as [UInt64])
  func `the store answers as a dictionary does, also after it was killed`(seed: UInt64) throws {
    var maker = BatchMaker(seed: seed)
    var model = ModelStore()
    var directory = StoreDirectory()
    var store = try openStore(directory.path)
    for round in 0..<400 {
      let batch = maker.batch()
      let expected = model.append(batch)
      let rejected = try append(batch, to: store)
      #expect(rejected.map(\.0) == expected.map(\.0))
      #expect(rejected.map(\.1) == expected.map(\.1))
      if round % 100 == 99 {
        try compare(store, model, &maker)
        let copy = StoreDirectory()
        try copyTree(directory.path, copy.path)
        directory = copy
        store = try openStore(directory.path)
        try compare(store, model, &maker)
      }
      if round % 150 == 149 {
        let range = TimeRange(maker.now - 300_000, maker.now - 100_000)
        let selector = selectors[round % selectors.count]
        try store.deleteSeries(in: range, matching: selector)
        model.delete(range, selector)
      }
    }
    try compare(store, model, &maker)
  }

  @Test(arguments: [11, 12] as [UInt64])
  func `blocks and head together answer as a dictionary does`(seed: UInt64) throws {
    var maker = BatchMaker(seed: seed)
    var model = ModelStore()
    let directory = StoreDirectory()
    let clock = StillClock(maker.now)
    var store = try openStore(directory.path, clock: clock)
    for round in 0..<60 {
      maker.now += 600_000
      for _ in 0..<8 {
        let batch = maker.batch()
        let expected = model.append(batch)
        let rejected = try append(batch, to: store)
        #expect(rejected.map(\.0) == expected.map(\.0))
      }
      clock.set(maker.now)
      store.maintain()
      if round % 20 == 19 {
        try compare(store, model, &maker)
        try store.close()
        store = try openStore(directory.path, clock: clock)
        try compare(store, model, &maker)
      }
    }
    let blocks = try PosixFileSystem().list(directory.path).filter { ULID($0) != nil }
    #expect(blocks.count >= 2)
  }

  private func compare(_ store: TSDB, _ model: ModelStore, _ maker: inout BatchMaker) throws {
    for selector in selectors {
      let from = maker.now - Int64.random(in: 0..<6_000_000, using: &maker.numbers)
      let to = from + Int64.random(in: 0..<6_000_000, using: &maker.numbers)
      for range in [TimeRange.all, TimeRange(from, to)] {
        let answers = try store.answers(selector, in: range).filter { !$0.times.isEmpty }
        #expect(answers == model.answers(selector, in: range))
      }
    }
  }
}
