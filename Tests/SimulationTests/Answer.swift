import ApusModel
import ApusStorage

/// A series with its samples, floats and histograms as one row.
struct Answer: Equatable {
  let labels: Labels
  let samples: [(Int64, ModelValue)]

  static func == (a: Answer, b: Answer) -> Bool {
    a.labels == b.labels && a.samples.elementsEqual(b.samples, by: ==)
  }

  var isAscending: Bool {
    zip(samples, samples.dropFirst()).allSatisfy { $0.0 < $1.0 }
  }

  /// Where two differ, in words.
  static func difference(_ mine: [Answer], _ theirs: [Answer]) -> String {
    let labels = Set(mine.map(\.labels)).symmetricDifference(theirs.map(\.labels)).sorted()
    if let first = labels.first {
      let isMine = mine.contains { $0.labels == first }
      return "\(first) is \(isMine ? "missing" : "too much") (and \(labels.count - 1) more)"
    }
    for (a, b) in zip(mine, theirs) where a != b {
      if a.labels != b.labels { return "the order of series differs at \(a.labels)" }
      for (x, y) in zip(a.samples, b.samples) where x != y {
        return "\(a.labels): \(y) instead of \(x); \(a.samples.count) and \(b.samples.count)"
      }
      return "\(a.labels): \(b.samples.count) samples instead of \(a.samples.count)"
    }
    return "\(theirs.count) series instead of \(mine.count)"
  }
}

extension Queryable {
  /// All that a select gives, in its order.
  func answers(_ matchers: [LabelMatcher], in range: TimeRange) throws -> [Answer] {
    var hints = SelectHints()
    hints.isSorted = true
    let cursor = try querier(in: range).select(matchers, in: range, hints: hints)
    var all: [Answer] = []
    var batch = SampleBatch()
    while try cursor.next() {
      batch.removeAll()
      try cursor.read(into: &batch)
      // Samples that are deleted, or lie beside the range, may leave a series without any.
      if batch.isEmpty { continue }
      all.append(Answer(labels: cursor.labels, samples: Self.row(batch)))
    }
    return all
  }

  private static func row(_ batch: SampleBatch) -> [(Int64, ModelValue)] {
    var row: [(Int64, ModelValue)] = []
    for (time, value) in zip(batch.times, batch.values) {
      row.append((time, ModelValue(value)))
    }
    guard !batch.histogramTimes.isEmpty else { return row }
    for (time, histogram) in zip(batch.histogramTimes, batch.histograms) {
      row.append((time, ModelValue(histogram)))
    }
    // The two kinds stand apart: each must be in order by itself.
    let isSorted =
      zip(batch.times, batch.times.dropFirst()).allSatisfy { $0 < $1 }
      && zip(batch.histogramTimes, batch.histogramTimes.dropFirst()).allSatisfy { $0 < $1 }
    return isSorted ? row.sorted { $0.0 < $1.0 } : row
  }
}

/// Matches every series.
let everything = [LabelMatcher.equal("no such label", "")]
