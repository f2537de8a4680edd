internal import ApusModel
internal import ApusStorage

/// What reading one body brought, before it is stored.
struct ScrapeBatch {
  var samples = AppendBatch()
  /// The series' slot of each float sample.
  var slots: [Int32] = []
  /// The series' slot of each histogram.
  var histogramSlots: [Int32] = []
  var lines: [ScrapeCache.Line] = []
  /// In place of `lines`, where the body is protobuf.
  var protobuf = ProtobufLines()

  /// Series met for the first time, with the labels under which they are stored.
  var newSlots: [Int32] = []
  var newLabels: [Labels] = []
  /// Slots made for series that relabelling drops.
  var newDropped: [Int32] = []
  /// Samples and exemplars whose series has no ref yet.
  var waitingSamples: [Int] = []
  var waitingHistograms: [Int] = []
  var waitingExemplars: [(index: Int, slot: Int32)] = []

  var counts = Counts()
  /// Whether a histogram has more buckets than the job allows.
  var exceedsBucketLimit = false
  /// Set where a rule of the job, not the format, ended the scan.
  var failure: ScrapeFailure?

  /// What the synthetic series and the log tell.
  struct Counts: Sendable, Equatable {
    /// Samples in the body.
    var scraped = 0
    /// Those left after relabelling.
    var kept = 0
    var newSeries = 0
    var duplicates = 0
    var outOfBounds = 0
    var outOfOrder = 0
    /// Those that count against the limit.
    var limited = 0
  }
}
