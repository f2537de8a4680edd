internal import ApusModel
internal import ApusStorage
internal import ApusSystem

/// What only protocol 2.0 does: labels by symbols, and a reason for all that is not stored.
extension WriteWorkspace {
  /// The labels of one series; nil where they are invalid.
  func symbolLabels(at position: Int) throws(ProtobufError) -> Labels? {
    guard request.problems[position] == nil else { return nil }
    guard let labels = try anyLabels(at: position), labels.has(LabelNames.metricName) else {
      return nil
    }
    return labels
  }

  private func anyLabels(at position: Int) throws(ProtobufError) -> Labels? {
    let labels = try request.symbolLabels(expanded, request.labelBlocks[position])
    guard let family = request.typesAndUnits[position] else { return labels }
    return labels?.withTypeAndUnit(family.kind, unit: family.unit)
  }

  private func text(at position: Int) -> String {
    (try? anyLabels(at: position))?.description ?? "with unreadable labels"
  }

  /// The labels of the series that a rejection is about.
  func labelText(_ rejection: AppendOutcome.Rejection) -> String { text(at: owner(rejection)) }

  /// Makes the batch ready.
  /// - Parameter latestMs: samples after this are out of bounds.
  /// - Returns: the number of samples with invalid labels, and what is wrong with all that was
  ///   left out.
  func fillBatchV2(latestMs: Int64) -> (invalidLabels: Int, problems: [String]) {
    let whole = request.batch
    var batch = AppendBatch()
    var (invalid, problems): (Int, [String]) = (0, [])
    var owners: [Int32] = []
    var histogramOwners: [Int32] = []
    var sample = 0
    var histogram = 0
    for series in 0..<request.seriesCount {
      let ref = refs[series]
      let samples = sample..<Int(request.sampleEnds[series])
      let histograms = histogram..<Int(request.histogramEnds[series])
      (sample, histogram) = (samples.upperBound, histograms.upperBound)
      if ref == .none {
        invalid += samples.count + histograms.count
        problems.append(
          request.problems[series]
            ?? "invalid metric name or labels, got \(text(at: series))")
        continue
      }
      if samples.isEmpty && histograms.isEmpty {
        problems.append(
          "TimeSeries must contain at least one sample or histogram for series "
            + text(at: series))
      }
      for i in samples {
        guard whole.times[i] <= latestMs else {
          problems.append("\(AppendError.outOfBounds.text) for series \(text(at: series))")
          continue
        }
        batch.append(ref, timeMs: whole.times[i], value: whole.values[i])
        owners.append(Int32(series))
      }
      for i in histograms {
        if let problem = problem(whole, i, latestMs) {
          problems.append("\(problem) for series \(text(at: series))")
          continue
        }
        batch.append(ref, timeMs: whole.histogramTimes[i], histogram: stored(whole.histograms[i]))
        histogramOwners.append(Int32(series))
      }
    }
    for (series, exemplar) in request.exemplars where refs[series] != .none {
      batch.exemplars.append((ref: refs[series], exemplar: exemplar))
    }
    request.batch = batch
    (self.owners, self.histogramOwners) = (owners, histogramOwners)
    return (invalid, problems)
  }
}
