internal import ApusModel
internal import Synchronization

/// All of the head at one moment, but for the bytes of its arena, which a lease keeps as they
/// were; and where its log stood then.
struct HeadMoment {
  var columns: SeriesColumns.Moment
  let lease: Epochs.Lease
  var times = HeadTimes()
  var log = LogPosition()
  var fullSlots: [UInt32] = []
  var histograms: [UInt32: HistogramSeries.Open] = [:]
  var tombstones = Tombstones()
  var exemplars: [ExemplarRing.Entry] = []
  var metadata: [UInt32: MetricMetadata] = [:]
}

extension Head {
  /// Copies the head. Appends wait for the copy of the columns: some 10 ms for a million series.
  /// - Parameter isQuiet: nobody appends any more; then hardly anything is copied.
  func moment(isQuiet: Bool) -> HeadMoment {
    while true {
      // Before the first look, so that nothing that is copied is used again until it is written.
      let lease = epochs.enter()
      let room = stateLock.withLock { _ in columns.roomForMoment(isQuiet: isQuiet) }
      var moment = HeadMoment(columns: room, lease: lease)
      let fits = appendLock.withLock { _ in
        stateLock.withLock { _ in fill(&moment) }
      }
      if fits { return moment }
    }
  }

  /// About how long an image would be.
  var imageBytesEstimate: Int {
    stateLock.withLock { _ in
      columns.slots.usedBytes + columns.slotCount * MemoryLayout<SeriesState>.stride
    }
  }

  /// Under both locks: what was logged has been applied, and nothing else.
  private func fill(_ moment: inout HeadMoment) -> Bool {
    guard columns.copy(to: &moment.columns) else { return false }
    moment.times = clock
    if let writer = log?.writer { moment.log = .end(of: writer) }
    moment.fullSlots = fullSlots
    moment.histograms = histograms.all
    moment.tombstones = tombstones
    moment.exemplars = exemplars.ordered
    moment.metadata = metadata.all
    return true
  }
}
