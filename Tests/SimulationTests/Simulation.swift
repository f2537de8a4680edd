import ApusModel
import ApusStorage
import ApusSystem
import ApusTelemetry
import ApusTesting
import Synchronization

@testable import ApusTSDB

/// A store that contradicts the model, or failed without a reason.
struct Contradiction: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// A clock that stands where it was set.
final class SetClock: WallClock {
  private let now: Mutex<Int64>

  init(_ nowMs: Int64) { now = Mutex(nowMs) }

  var nowMs: Int64 {
    get { now.withLock { $0 } }
    set { now.withLock { $0 = newValue } }
  }

  var monotonicNs: UInt64 { UInt64(max(0, nowMs)) * 1_000_000 }

  func sleep(untilMs timeMs: Int64) async throws { throw CancellationError() }
}

final class ChanceSource: RandomSource {
  private let chance: Mutex<FaultChance>

  init(seed: UInt64) { chance = Mutex(FaultChance(seed: seed)) }

  func next() -> UInt64 { chance.withLock { $0.next() } }
}

/// One life of a store, as its seed has it: weeks of samples, queries and maintenance, with deaths,
/// losses of power and failures of the disk in between; every answer is compared with a model.
final class Simulation {
  static let directory = "/data"

  let seed: UInt64
  let files: FaultyFileSystem
  let clock: SetClock
  let source: ChanceSource
  let plan: SimulationPlan
  var chance: FaultChance
  var workload: Workload
  var model: StoreModel
  var store: TSDB?
  /// Refs that this process got.
  var refs: [Labels: SeriesRef] = [:]
  /// When each series was last asked for.
  var resolvedAt: [Labels: Int64] = [:]
  /// Deletions that failed half-way in this process.
  var doubtful: [(range: TimeRange, matchers: [LabelMatcher])] = []
  /// Samples that were neither acknowledged nor refused.
  var undecided: [(labels: Labels, timeMs: Int64, value: ModelValue)] = []
  var now: Int64 = 1_700_000_000_000
  var steps: [String] = []
  /// Exemplars that were given, oldest first.
  var exemplars: [(labels: Labels, exemplar: Exemplar)] = []

  init(seed: UInt64) {
    self.seed = seed
    var chance = FaultChance(seed: seed)
    plan = SimulationPlan(&chance)
    files = FaultyFileSystem(seed: chance.next())
    source = ChanceSource(seed: chance.next())
    clock = SetClock(now)
    workload = Workload(plan)
    model = StoreModel(plan.options)
    self.chance = chance
  }

  /// Lives that life.
  /// - Throws: `Contradiction`.
  func run() throws {
    try files.makeDirectory(Self.directory)
    try files.syncDirectory("/")
    try reopen()
    for _ in 0..<plan.stepCount {
      try step()
      if files.isDead { try revive() }
    }
    try liveOn()
  }

  /// The end: all is well again, and all is there.
  private func liveOn() throws {
    note("end")
    files.set { $0 = Faults() }
    try running().maintain()
    try compareAll()
    try running().close()
    model.synced()
    try reopen()
    try compareAll()
    // Some hours on, what is old has left head and log.
    for _ in 0..<4 {
      now += 2 * plan.options.blockMinMs
      clock.nowMs = now
      try append(workload.scrape(now, &chance))
      try maintain()
    }
    try compareAll()
    try checkBounds()
    try running().close()
  }

  private func step() throws {
    now += plan.pauseMs > 0 ? Int64(chance.below(Int(plan.pauseMs))) : 0
    clock.nowMs = now
    switch chance.below(24) {
    case 0...8: try appendScrapes()
    case 9...12: try maintain()
    case 13...14: try compare()
    case 15: try compareLabels()
    case 16: if plan.deletes { try delete() }
    case 17: if plan.deletes { try cleanTombstones() }
    case 18: if chance.oneIn(3) { try snapshot() }
    case 19: try sync()
    case 20: try closeAndReopen()
    case 21: if plan.kills { try kill() }
    case 22: jumpClock()
    default: planFault()
    }
  }

  func note(_ text: String) { steps.append("\(steps.count): \(text)") }

  /// The store, which is open.
  func running() throws -> TSDB {
    guard let store else { throw Contradiction("no store is open") }
    return store
  }

  /// What the run was, for the report of a failure.
  var story: String {
    steps.suffix(200).joined(separator: "\n") + "\nlast calls:\n"
      + files.lastCalls.suffix(30).joined(separator: "\n")
  }
}

// MARK: faults

extension Simulation {
  /// Does something that may fail only where a fault was planned; returns nil where it did.
  func attempt<Result>(_ what: String, _ body: () throws -> Result) throws -> Result? {
    let before = files.faultCount
    do {
      return try body()
    } catch let error as StorageError {
      guard files.faultCount > before || files.isDead else {
        throw Contradiction("\(what) failed without a fault: \(error)")
      }
      note("  \(what) failed: \(error)")
      return nil
    }
  }

  /// Does something that no fault may disturb.
  func undisturbed<Result>(_ body: () throws -> Result) rethrows -> Result {
    var saved = Faults()
    files.set {
      saved = $0
      $0 = Faults()
    }
    defer { files.set { $0 = saved } }
    return try body()
  }

  private func planFault() {
    switch chance.below(5) {
    case 0, 1:
      guard plan.kills || plan.losesPower else { return }
      let calls = chance.below(chance.oneIn(3) ? 200 : 40)
      note("dies after \(calls) calls")
      files.set { $0.dieAfter = calls }
    case 2:
      guard plan.runsFull else { return }
      let bytes = files.takenBytes + chance.below(128 << 10)
      note("the disk has \(bytes) bytes, of which \(files.takenBytes) are taken")
      files.set { $0.capacityBytes = bytes }
    case 3:
      guard plan.breaksCalls else { return }
      let calls = chance.below(60)
      note("a call fails after \(calls)")
      files.set { $0.failAfter = calls }
    default:
      if plan.turnsReadOnly && chance.oneIn(2) {
        note("read-only")
        files.set { $0.isReadOnly = true }
      } else {
        note("all is well")
        files.set { $0 = Faults() }
      }
    }
  }

  private func jumpClock() {
    let jump = Int64(chance.below(96) - 48) * 3_600_000
    note("the clock jumps by \(jump) ms")
    clock.nowMs = now + jump
  }

  /// The process is gone; the next one begins.
  func revive() throws {
    let losesPower = plan.losesPower && (!plan.kills || chance.oneIn(2))
    note(losesPower ? "the power went" : "the process was killed")
    store = nil
    files.restart(losingPower: losesPower)
    if losesPower { model.losePower() }
    try reopen()
  }

  func kill() throws {
    note("kill")
    files.set { $0 = Faults() }
    try revive()
  }

  /// Opens the store again, and takes over what was undecided.
  func reopen() throws {
    store = nil
    refs = [:]
    for one in undecided { model.mayHaveStored(one.labels, one.timeMs, one.value) }
    undecided = []
    for _ in 0..<8 {
      let before = files.faultCount
      let opened = try attempt("opening") { try open(Self.directory) }
      if files.isDead {
        let losesPower = plan.losesPower && chance.oneIn(2)
        note(losesPower ? "the power went while opening" : "killed while opening")
        files.restart(losingPower: losesPower)
        if losesPower { model.losePower() }
        continue
      }
      // Where a call failed, blocks may be missing until they are looked for again: begin anew.
      guard let opened, files.faultCount == before else {
        store = opened
        if opened != nil { try checkSubset() }
        store = nil
        files.restart(losingPower: false)
        continue
      }
      store = opened
      return try takeOver()
    }
    throw Contradiction("the store could not be opened again and again")
  }

  /// - Parameter keepsAll: whether nothing is too old.
  func open(_ directory: String, keepsAll: Bool = false) throws -> TSDB {
    var options = plan.options
    if keepsAll { options.retentionMs = 0 }
    return try TSDB.open(
      directory: directory, options: options, files: files, clock: clock, random: source,
      log: .none, metrics: MetricRegistry())
  }

  private func takeOver() throws {
    try observeBlocks()
    model.floor =
      try blockMetas().filter { $0.compaction.hints.isEmpty }
      .map(\.maxTimeMs).reduce(running().clearedMs.withLock { $0 }, max)
    for one in doubtful { model.delete(one.range, one.matchers, isSure: false) }
    doubtful = []
    let found = try undisturbed { try running().status(limit: 0).maxTimeMs }
    let bounds = model.maxTimeBounds
    if found > bounds.possible {
      throw Contradiction("the newest sample is at \(found), later than \(bounds.possible)")
    }
    if bounds.sure >= model.floor && found < bounds.sure {
      throw Contradiction("the newest sample is at \(found), and not at \(bounds.sure)")
    }
    model.maxTime = found
    try reconcile()
  }

  func blockMetas() throws -> [BlockMeta] {
    try undisturbed {
      try files.list(Self.directory).filter { ULID($0) != nil }.compactMap { name in
        try? BlockMeta.read(FilePath.join(Self.directory, name), files: files)
      }
    }
  }

  /// What blocks say about what may be gone.
  func observeBlocks() throws {
    let newest = try blockMetas().map(\.maxTimeMs).max()
    guard let newest, plan.options.retentionMs > 0 else { return }
    model.horizon = max(model.horizon, newest - plan.options.retentionMs)
  }
}
