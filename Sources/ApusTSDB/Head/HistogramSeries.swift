internal import ApusModel
internal import ApusStorage

/// The open chunks of native histograms, by slot. Few series have one, so they stand aside of the
/// columns, as samples not yet encoded. Changed under both locks of the head.
struct HistogramSeries {
  /// An open chunk.
  struct Open: Sendable {
    var times: [Int64] = []
    var histograms: [FloatHistogram] = []
  }

  private var open: [UInt32: Open] = [:]

  init() {}

  subscript(ordinal: UInt32) -> Open? {
    get { open[ordinal] }
    set { open[ordinal] = newValue }
  }

  mutating func append(_ ordinal: UInt32, _ time: Int64, _ histogram: FloatHistogram) {
    open[ordinal, default: Open()].times.append(time)
    open[ordinal, default: Open()].histograms.append(histogram)
  }

  var count: Int { open.count }

  /// All open chunks by ordinal.
  var all: [UInt32: Open] { open }

  /// Time of the first sample of a series' open chunk.
  func openStart(of state: SeriesState) -> Int64? { open[state.ordinal]?.times.first }

  /// A copy that no later append changes.
  func snapshot() -> Snapshot { Snapshot(open: open) }

  struct Snapshot: Sendable {
    fileprivate let open: [UInt32: Open]

    subscript(ordinal: UInt32) -> Open? { open[ordinal] }

    func read(_ state: SeriesState, in range: TimeRange, into batch: inout SampleBatch) {
      guard let chunk = open[state.ordinal] else { return }
      for (i, time) in chunk.times.enumerated() where range.contains(time) {
        batch.histogramTimes.append(time)
        batch.histograms.append(chunk.histograms[i])
      }
    }
  }
}
