internal import ApusModel
internal import ApusStorage
internal import ApusSystem

/// The buffers that one request at a time is decoded into, used again and again.
final class WriteWorkspace: @unchecked Sendable {
  // Sound because a workspace belongs to one call of `WriteReceiver.receive` at a time: it is
  // taken out of a list under a lock, and put back when the call is done with it.
  var expanded = ByteWriter()
  var request = WriteRequest()
  /// The series of the request, in order; `.none` where its labels are invalid.
  var refs: [SeriesRef] = []
  /// The series, as a position in the request, of every sample and histogram of the batch; nil
  /// where the batch holds all that the request does.
  var owners: [Int32]?
  var histogramOwners: [Int32]?
  private var expandedBytesMost = 0

  init() {}

  /// Whether the buffers are of a size worth having in memory between requests.
  var isWorthKeeping: Bool { expandedBytesMost <= Limits.keptBufferBytesMax }

  func removeAll() {
    expandedBytesMost = max(expandedBytesMost, expanded.count)
    expanded.removeAll()
    request.removeAll()
    refs.removeAll(keepingCapacity: true)
    owners = nil
    histogramOwners = nil
  }

  /// The labels of one series of the request; nil where they are invalid.
  func labels(at position: Int) throws(ProtobufError) -> Labels? {
    guard !request.hasSymbols else { return try symbolLabels(at: position) }
    let block = request.labelBlocks[position]
    let range = Int(block.lowerBound)..<Int(block.upperBound)
    let total = expanded.count
    if range.lowerBound >= total {
      let gathered = request.gathered
      let moved = (range.lowerBound - total)..<(range.upperBound - total)
      return try LabelBlock.labels(gathered.span.extracting(moved))
    }
    return try LabelBlock.labels(expanded, range)
  }

  /// What did not get into the batch.
  struct Skipped {
    var invalidLabels = 0
    /// Why the first sample with valid labels was left out.
    var problem: String?
  }

  /// Makes the batch ready: refs filled in, and nothing in it that must not be stored.
  /// - Parameter latestMs: samples after this are out of bounds.
  func fillBatch(latestMs: Int64) -> Skipped {
    let isPlain =
      request.newestMs <= latestMs && request.batch.histograms.isEmpty && !refs.contains(.none)
    let skipped = isPlain ? Skipped() : filterBatch(latestMs: latestMs)
    if isPlain {
      fill(&request.batch.refs, request.sampleEnds)
    }
    for (series, exemplar) in request.exemplars where refs[series] != .none {
      request.batch.exemplars.append((ref: refs[series], exemplar: exemplar))
    }
    return skipped
  }

  /// Repeats the ref of each series for each of its samples.
  func fill(_ column: inout [SeriesRef], _ ends: [Int32]) {
    column.reserveCapacity(Int(ends.last ?? 0))
    var at: Int32 = 0
    for series in ends.indices {
      let ref = refs[series]
      let end = ends[series]
      while at < end {
        column.append(ref)
        at += 1
      }
    }
  }

  /// Leaves out what has invalid labels, lies too far ahead, or contradicts itself.
  private func filterBatch(latestMs: Int64) -> Skipped {
    let whole = request.batch
    var batch = AppendBatch()
    var skipped = Skipped()
    var owners: [Int32] = []
    var histogramOwners: [Int32] = []
    var sample = 0
    var histogram = 0
    for series in 0..<request.seriesCount {
      let ref = refs[series]
      let sampleEnd = Int(request.sampleEnds[series])
      let histogramEnd = Int(request.histogramEnds[series])
      if ref == .none {
        skipped.invalidLabels += (sampleEnd - sample) + (histogramEnd - histogram)
        sample = sampleEnd
        histogram = histogramEnd
        continue
      }
      for i in sample..<sampleEnd {
        guard whole.times[i] <= latestMs else {
          skipped.problem = skipped.problem ?? AppendError.outOfBounds.text
          continue
        }
        batch.append(ref, timeMs: whole.times[i], value: whole.values[i])
        owners.append(Int32(series))
      }
      for i in histogram..<histogramEnd {
        if let problem = problem(whole, i, latestMs) {
          skipped.problem = skipped.problem ?? problem
          continue
        }
        batch.append(ref, timeMs: whole.histogramTimes[i], histogram: stored(whole.histograms[i]))
        histogramOwners.append(Int32(series))
      }
      sample = sampleEnd
      histogram = histogramEnd
    }
    request.batch = batch
    self.owners = owners
    self.histogramOwners = histogramOwners
    return skipped
  }

  /// Why a histogram cannot be stored; nil if it can.
  func problem(_ whole: AppendBatch, _ i: Int, _ latestMs: Int64) -> String? {
    var histogram = whole.histograms[i]
    if isTooFine(histogram) { histogram.schema = FloatHistogram.exponentialSchemaMax }
    return HistogramCheck.problem(histogram)
      ?? (request.areInteger[i] ? HistogramCheck.countProblem(histogram) : nil)
      ?? (whole.histogramTimes[i] > latestMs ? AppendError.outOfBounds.text : nil)
  }

  /// A histogram without a problem in a resolution that is stored.
  func stored(_ histogram: FloatHistogram) -> FloatHistogram {
    isTooFine(histogram)
      ? histogram.reduced(toSchema: FloatHistogram.exponentialSchemaMax) : histogram
  }

  private func isTooFine(_ histogram: FloatHistogram) -> Bool {
    histogram.schema > FloatHistogram.exponentialSchemaMax
      && histogram.schema <= FloatHistogram.exponentialSchemaFinest
  }

  /// The series, as a position in the request, of a sample or histogram of the batch.
  func owner(_ rejection: AppendOutcome.Rejection) -> Int {
    if let owners = rejection.isHistogram ? histogramOwners : owners {
      return Int(owners[rejection.index])
    }
    // The first series whose samples end behind this one.
    let ends = rejection.isHistogram ? request.histogramEnds : request.sampleEnds
    var low = 0
    var high = ends.count
    while low < high {
      let middle = (low + high) / 2
      if Int(ends[middle]) <= rejection.index { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Positions of the series that the store does not know any more.
  func seriesLost(_ outcome: AppendOutcome) -> [Int] {
    var lost = Set<Int>()
    for rejection in outcome.rejections where rejection.error == .unknownSeries {
      lost.insert(owner(rejection))
    }
    return lost.sorted()
  }

  /// Leaves only the samples in the batch whose series was not known, with the refs found since.
  func refillBatch(_ outcome: AppendOutcome) {
    let before = request.batch
    var batch = AppendBatch()
    for rejection in outcome.rejections where rejection.error == .unknownSeries {
      let i = rejection.index
      let ref = refs[owner(rejection)]
      if rejection.isHistogram {
        batch.append(ref, timeMs: before.histogramTimes[i], histogram: before.histograms[i])
      } else {
        batch.append(ref, timeMs: before.times[i], value: before.values[i])
      }
    }
    request.batch = batch
  }
}
