import ApusModel
import ApusStorage
import ApusSystem
import ApusTesting

@testable import ApusTSDB

/// What happens to a store.
extension Simulation {
  func appendScrapes() throws {
    let count = 1 + chance.below(plan.scrapesPerStep)
    note("\(count) scrapes from \(now)")
    for _ in 0..<count {
      now += plan.scrapeIntervalMs
      clock.nowMs = now
      if plan.churnOneIn > 0 && chance.oneIn(plan.churnOneIn) { workload.churn(&chance) }
      try append(workload.scrape(now, &chance))
      if files.isDead { return }
    }
  }

  /// Appends, and compares what was taken with what the rules say.
  func append(_ samples: [Workload.Sample]) throws {
    guard !samples.isEmpty else { return }
    guard let refs = try refs(of: samples.map(\.labels)) else { return }
    var batch = AppendBatch()
    for (ref, sample) in zip(refs, samples) {
      switch sample.value {
      case .float(let value): batch.append(ref, timeMs: sample.timeMs, value: value)
      case .histogram(let histogram):
        batch.append(ref, timeMs: sample.timeMs, histogram: histogram)
      }
    }
    addExemplar(to: &batch, samples)
    // The first sample of all says where the head's time begins, if the batch is not refused.
    let newest = model.maxTime
    if model.maxTime == .min { model.maxTime = samples[0].timeMs }
    for (ref, exemplar) in batch.exemplars {
      guard let at = batch.refs.firstIndex(of: ref) else { continue }
      exemplars.append((samples[at].labels, exemplar))
    }
    let outcome = try attempt("an append") { try running().append(batch) }
    guard let outcome else {
      model.maxTime = newest
      rememberUndecided(samples)
      return
    }
    try take(samples, outcome)
  }

  /// Refs from before, where this process has some, or from the store; nil where that failed.
  private func refs(of series: [Labels]) throws -> [SeriesRef]? {
    for labels in series { resolvedAt[labels] = now }
    let known = series.map { refs[$0] }
    if !chance.oneIn(4), known.allSatisfy({ $0 != nil }) { return known.compactMap { $0 } }
    guard let found = try attempt("resolve", { try running().resolve(series) }) else { return nil }
    for (labels, ref) in zip(series, found) { refs[labels] = ref }
    return found
  }

  private func addExemplar(to batch: inout AppendBatch, _ samples: [Workload.Sample]) {
    guard plan.options.exemplarsMax > 0, let ref = batch.refs.first, chance.oneIn(3) else {
      return
    }
    let exemplar = Exemplar(
      labels: ["trace_id": "t\(chance.below(1 << 30))"], value: Double(chance.below(100)),
      timeMs: now)
    batch.exemplars.append((ref, exemplar))
  }

  /// What may be there after the next start: all of a batch in which the process died. What is
  /// refused is not, late samples neither, although they have a log of their own.
  private func rememberUndecided(_ samples: [Workload.Sample]) {
    guard files.isDead else { return }
    let minValid = model.minValidTime
    for sample in samples {
      let verdict = model.judge(
        sample.labels, sample.timeMs, sample.modelValue, minValid: minValid)
      let isOpen = verdict == .storeLate || verdict == .store || verdict == .unclear
      if isOpen { undecided.append((sample.labels, sample.timeMs, sample.modelValue)) }
    }
  }

  private func take(_ samples: [Workload.Sample], _ outcome: AppendOutcome) throws {
    let floatCount = samples.count { !$0.isHistogram }
    var rejected: [Int: AppendError] = [:]
    for rejection in outcome.rejections {
      rejected[rejection.index + (rejection.isHistogram ? floatCount : 0)] = rejection.error
    }
    let minValid = model.minValidTime
    var newest = model.maxTime
    var isUnclear = false
    for (i, sample) in samples.enumerated() {
      let value = sample.modelValue
      let verdict = model.judge(sample.labels, sample.timeMs, value, minValid: minValid)
      let error = rejected[i]
      if error == .unknownSeries, isGone(sample.labels) {
        refs[sample.labels] = nil
        continue
      }
      switch (verdict, error) {
      case (.store, nil):
        model.store(sample.labels, sample.timeMs, value)
        newest = max(newest, sample.timeMs)
      case (.storeLate, nil): model.storeLate(sample.labels, sample.timeMs, value)
      case (.unclear, nil):
        if model.windowMs > 0 {
          // It may have come late, and then says nothing about the newest one in order.
          model.mayHaveStored(sample.labels, sample.timeMs, value)
        } else {
          model.store(sample.labels, sample.timeMs, value, isSure: false)
        }
        newest = max(newest, sample.timeMs)
        isUnclear = true
      case (.unclear, .some), (.ignore, nil): continue
      case (.reject(let expected), let error?) where error == expected: continue
      case (.ignore, .duplicate) where sample.isHistogram || value == .stale:
        // After a restart the newest histogram of a closed chunk is not known any more.
        continue
      default:
        throw Contradiction(
          "\(sample.labels) at \(sample.timeMs) (\(value)) was answered by "
            + "\(error?.text ?? "nothing"), and should be \(verdict); newest "
            + "\(String(describing: model.series[sample.labels]?.last)), at least \(minValid)")
      }
    }
    model.maxTime = newest
    if isUnclear && !files.isDead { try reconcile() }
  }

  /// Whether the head may have dropped a series.
  private func isGone(_ labels: Labels) -> Bool {
    guard let last = model.series[labels]?.last else { return true }
    return last.time < model.maxTime - model.chunkRangeMs / 2
  }

  func maintain() throws {
    note("maintain at \(clock.nowMs)")
    try running().maintain()
    if !files.isDead { try observeBlocks() }
  }

  func delete() throws {
    let matchers = workload.matchers(&chance)
    let from = now - Int64(chance.below(30)) * Int64(chance.below(3_600_000))
    let range = TimeRange(from, from + Int64(chance.below(3 * 3_600_000)))
    note("delete \(matchers) in \(range)")
    let isDone: Void? = try attempt("a deletion") {
      try running().deleteSeries(in: range, matching: matchers)
    }
    model.delete(range, matchers, isSure: isDone != nil)
    guard isDone == nil else { return }
    doubtful.append((range, matchers))
    if !files.isDead { try reconcile() }
  }

  func cleanTombstones() throws {
    note("clean tombstones")
    _ = try attempt("cleaning tombstones") { try running().cleanTombstones() }
  }

  func sync() throws {
    let before = files.faultCount
    try running().syncLog()
    note("sync")
    if files.faultCount == before { model.synced() }
  }

  func closeAndReopen() throws {
    note("close and open")
    let before = files.faultCount
    let isClosed: Void? = try attempt("closing") { try running().close() }
    if isClosed != nil && files.faultCount == before { model.synced() }
    if files.isDead { return try revive() }
    try reopen()
  }

  /// A snapshot is a store of its own, with the same samples.
  func snapshot() throws {
    let skipsHead = chance.oneIn(3)
    note("snapshot\(skipsHead ? " without head" : "")")
    let name = try attempt("a snapshot") { try running().snapshot(skipHead: skipsHead) }
    guard !files.isDead else { return }
    try undisturbed {
      let all = FilePath.join(Self.directory, "snapshots")
      if let name, !skipsHead {
        let copy = try open(FilePath.join(all, name), keepsAll: true)
        let range = TimeRange(model.horizon, .max)
        let found = try copy.answers(everything, in: range)
        let expected = model.answers(everything, in: range)
        if found != expected {
          throw Contradiction("snapshot: \(Answer.difference(expected, found))")
        }
        try copy.close()
      }
      try files.remove(all)
    }
  }
}
