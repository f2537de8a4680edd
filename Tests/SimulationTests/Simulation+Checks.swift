import ApusModel
import ApusStorage
import ApusSystem
import ApusTesting

@testable import ApusTSDB

/// Answers compared with the model's.
extension Simulation {
  /// Takes over what the store has of what was undecided.
  func reconcile() throws {
    let found = try undisturbed { try running().answers(everything, in: .all) }
    let wrong = model.reconcile(found)
    if let first = wrong.first {
      throw Contradiction("\(first) (and \(wrong.count - 1) more)")
    }
  }

  /// All samples: what is there must be there, with its value, and nothing else.
  func compareAll() throws {
    note("compare all")
    try observeBlocks()
    try compare(everything, TimeRange.all)
  }

  func compare() throws {
    note("compare")
    try observeBlocks()
    for _ in 0..<3 {
      let matchers = workload.matchers(&chance)
      let from = now - Int64(chance.below(20)) * Int64(chance.below(3_600_000))
      try compare(matchers, TimeRange(from, from + Int64(chance.below(6 * 3_600_000))))
    }
    try compareLatest()
    try checkExemplars()
    if chance.oneIn(4) { try compareAll() }
  }

  private func compare(_ matchers: [LabelMatcher], _ range: TimeRange) throws {
    let range = TimeRange(max(range.minMs, model.horizon), range.maxMs)
    guard !range.isEmpty else { return }
    let found = try attempt("a query") { try running().answers(matchers, in: range) }
    guard let found else { return }
    let expected = model.answers(matchers, in: range)
    if found != expected {
      throw Contradiction(
        "\(matchers) in \(range): \(Answer.difference(expected, found))")
    }
  }

  /// The newest sample of each series at some time.
  private func compareLatest() throws {
    let at = now - Int64(chance.below(7_200_000))
    let oldest = max(at - 3_600_000, model.horizon)
    let range = TimeRange(oldest + 1, at)
    let expected = model.answers(everything, in: range)
    let found = try attempt("a query of the newest") { () throws -> [Answer] in
      let cursor = try running().querier(in: range).select(
        everything, in: range, hints: SelectHints())
      var all: [Answer] = []
      while try cursor.next() {
        guard let latest = try cursor.latest(atMs: at, newerThanMs: oldest) else { continue }
        let value: ModelValue =
          switch latest.value {
          case .float(let value): ModelValue(value)
          case .histogram(let histogram): ModelValue(histogram)
          }
        all.append(Answer(labels: cursor.labels, samples: [(latest.timeMs, value)]))
      }
      return all
    }
    guard let found else { return }
    let newest = expected.map { Answer(labels: $0.labels, samples: Array($0.samples.suffix(1))) }
    if found != newest {
      throw Contradiction("the newest at \(at): \(Answer.difference(newest, found))")
    }
  }

  /// Exemplars are those that were given, each once.
  private func checkExemplars() throws {
    guard plan.options.exemplarsMax > 0 else { return }
    let found = try attempt("exemplars") {
      try running().exemplars(in: .all, matching: [everything])
    }
    for one in found ?? [] {
      let known = exemplars.filter { $0.labels == one.seriesLabels }.map(\.exemplar)
      guard Set(one.exemplars).isSubset(of: Set(known)),
        Set(one.exemplars).count == one.exemplars.count
      else { throw Contradiction("exemplars of \(one.seriesLabels) that were never stored") }
    }
  }

  /// Nothing is there that was not stored.
  func checkSubset() throws {
    let found = try undisturbed { try running().answers(everything, in: .all) }
    for answer in found {
      for (time, value) in answer.samples
      where model.series[answer.labels]?.samples[time]?.value != value {
        let isDoubtful = doubtful.contains { $0.range.contains(time) }
        if isDoubtful { continue }
        throw Contradiction("\(answer.labels) has a sample at \(time) that was never stored")
      }
    }
  }

  func compareLabels() throws {
    note("compare labels")
    try observeBlocks()
    let from = max(now - Int64(chance.below(48)) * 3_600_000, model.horizon)
    let range = TimeRange(from, max(from, now))
    for name in ["n", "pod", "job", "__name__"] {
      let matchers = chance.oneIn(2) ? [] : workload.matchers(&chance)
      let found = try attempt("label values") {
        try running().querier(in: range).labelValues(of: name, matching: matchers, limit: 0)
      }
      guard let found else { continue }
      let needed = model.answers(matchers.isEmpty ? everything : matchers, in: range)
        .compactMap { $0.labels[name] }
      let possible = Set(
        resolvedAt.keys
          .filter { labels in matchers.allSatisfy { $0.matches(labels) } }
          .compactMap { $0[name] })
      guard Set(needed).isSubset(of: Set(found)), Set(found).isSubset(of: possible) else {
        throw Contradiction("values of \(name) for \(matchers) in \(range): \(found)")
      }
      guard found == Array(Set(found)).sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) })
      else { throw Contradiction("values of \(name) are not sorted: \(found)") }
    }
  }

  /// What weeks must not let grow.
  func checkBounds() throws {
    note("bounds")
    let names = try files.list(Self.directory)
    if let left = names.first(where: { $0.contains(".tmp") }) {
      throw Contradiction("\(left) was left behind")
    }
    let metas = try blockMetas()
    let newest = metas.map(\.maxTimeMs).max() ?? 0
    if plan.options.retentionMs > 0,
      let old = metas.first(where: { newest - $0.maxTimeMs >= plan.options.retentionMs })
    {
      throw Contradiction("\(old.ulid) should be gone: it ends at \(old.maxTimeMs)")
    }
    let status = try running().status(limit: 0)
    let wanted = resolvedAt.values.count { $0 >= status.minTimeMs - 600_000 }
    if status.seriesCount > UInt64(wanted) {
      throw Contradiction("the head holds \(status.seriesCount) series, not \(wanted)")
    }
    let segments = try files.list(FilePath.join(Self.directory, "wal")).count
    if segments > 12 { throw Contradiction("the log has \(segments) segments") }
    let late = FilePath.join(Self.directory, "wbl")
    if files.isDirectory(late), try files.list(late).count > 12 {
      throw Contradiction("the log of late samples has \(try files.list(late).count) segments")
    }
    let headFiles = try files.list(FilePath.join(Self.directory, "chunks_head")).count
    if headFiles > 6 { throw Contradiction("chunks_head has \(headFiles) files") }
  }
}
