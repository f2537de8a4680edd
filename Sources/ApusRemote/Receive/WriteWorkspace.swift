internal import ApusModel
internal import ApusStorage
internal import ApusSystem

/// The buffers that one request at a time is decoded into, used again and again.
final class WriteWorkspace: @unchecked Sendable {
  // Sound because a workspace belongs to one call of `WriteReceiver.receive` at a time: it is
  // taken out of a list under a lock, and put back when the call is done with it.
  var expanded = ByteWriter()
  var request = WriteRequestV1()
  /// The series of the request, in order; `.none` where its labels are invalid.
  var refs: [SeriesRef] = []
  private(set) var batch = AppendBatch()
  /// The series, as a position in the request, of every sample and histogram of the batch.
  private var owners: [Int32] = []
  private var histogramOwners: [Int32] = []

  init() {}

  var isWorthKeeping: Bool {
    request.times.capacity * 64 <= Limits.keptBufferBytesMax * 16
      && expandedBytesMost <= Limits.keptBufferBytesMax
  }

  private var expandedBytesMost = 0

  func removeAll() {
    expandedBytesMost = max(expandedBytesMost, expanded.count)
    expanded.removeAll()
    request.removeAll()
    refs.removeAll(keepingCapacity: true)
    batch.removeAll()
    owners.removeAll(keepingCapacity: true)
    histogramOwners.removeAll(keepingCapacity: true)
  }

  /// The labels of one series of the request; nil where they are invalid.
  func labels(at position: Int) throws(ProtobufError) -> Labels? {
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

  /// Makes the batch of the request and its refs.
  /// - Parameter latestMs: samples after this are out of bounds.
  func fillBatch(latestMs: Int64) -> Skipped {
    var skipped = Skipped()
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
      while sample < sampleEnd {
        if request.times[sample] <= latestMs {
          batch.append(ref, timeMs: request.times[sample], value: request.values[sample])
          owners.append(Int32(series))
        } else {
          skipped.problem = skipped.problem ?? AppendError.outOfBounds.text
        }
        sample += 1
      }
      while histogram < histogramEnd {
        if let problem = append(histogram, of: series, ref, latestMs) {
          skipped.problem = skipped.problem ?? problem
        }
        histogram += 1
      }
    }
    for (series, exemplar) in request.exemplars where refs[series] != .none {
      batch.exemplars.append((ref: refs[series], exemplar: exemplar))
    }
    return skipped
  }

  /// Appends one histogram to the batch, or says what is wrong with it.
  private func append(
    _ index: Int, of series: Int, _ ref: SeriesRef, _ latestMs: Int64
  ) -> String? {
    let histogram = request.histograms[index]
    if let problem = HistogramCheck.problem(histogram) { return problem }
    guard request.histogramTimes[index] <= latestMs else { return AppendError.outOfBounds.text }
    batch.append(ref, timeMs: request.histogramTimes[index], histogram: histogram)
    histogramOwners.append(Int32(series))
    return nil
  }

  /// Positions of the series that the store does not know any more.
  func seriesLost(_ outcome: AppendOutcome) -> [Int] {
    var lost = Set<Int>()
    for rejection in outcome.rejections where rejection.error == .unknownSeries {
      lost.insert(Int((rejection.isHistogram ? histogramOwners : owners)[rejection.index]))
    }
    return lost.sorted()
  }

  /// Leaves only the samples in the batch whose series was not known, with the refs found since.
  func refillBatch(_ outcome: AppendOutcome) {
    let before = batch
    batch.removeAll()
    for rejection in outcome.rejections where rejection.error == .unknownSeries {
      let i = rejection.index
      if rejection.isHistogram {
        let ref = refs[Int(histogramOwners[i])]
        batch.append(ref, timeMs: before.histogramTimes[i], histogram: before.histograms[i])
      } else {
        batch.append(
          refs[Int(owners[i])], timeMs: before.times[i], value: before.values[i])
      }
    }
  }
}
