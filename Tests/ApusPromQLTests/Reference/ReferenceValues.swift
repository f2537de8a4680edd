import ApusModel
import ApusStorage
import ApusTesting

/// One element of an instant vector, as the reference sees it.
struct ReferenceSample {
  var labels: [String: String]
  var value: Double
  /// The name goes at the end of the query.
  var dropsName = false
  /// Of the stored sample, where the element is one.
  var timeMs: Int64?

  var name: String { labels["__name__"] ?? "" }
}

/// The value of a part of an expression at every step.
enum ReferenceValue {
  case scalar([Double])
  case vector([[ReferenceSample]])
  case string(String)
}

struct ReferenceError: Error {
  let text: String

  static let duplicateLabels = ReferenceError(
    text: "vector cannot contain metrics with the same labelset")
}

/// One series over all steps: what a range function is applied to.
struct ReferenceSeries {
  var labels: [String: String]
  var dropsName = false
  /// Ascending by time, stale markers among them.
  var samples: [(timeMs: Int64, value: Double)] = []
}

/// All data of a test, in plain arrays.
struct ReferenceStore {
  /// In label order.
  private(set) var series: [ReferenceSeries] = []

  mutating func add(_ labels: [String: String], _ samples: [(timeMs: Int64, value: Double)]) {
    series.append(ReferenceSeries(labels: labels, samples: samples))
    series.sort { Self.labels($0.labels) < Self.labels($1.labels) }
  }

  /// The same data as the engine reads it.
  var memoryStore: MemoryStore {
    let store = MemoryStore()
    for entry in series {
      var batch = SampleBatch()
      batch.times = entry.samples.map { $0.timeMs }
      batch.values = entry.samples.map { $0.value }
      store.append(Self.labels(entry.labels), batch)
    }
    return store
  }

  func matching(_ matchers: [LabelMatcher]) -> [ReferenceSeries] {
    series.filter { entry in
      matchers.allSatisfy { $0.matches(entry.labels[$0.name] ?? "") }
    }
  }

  static func labels(_ pairs: [String: String]) -> Labels {
    Labels(pairs.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }.map { Label($0, $1) })
  }
}
