package import ApusModel
package import ApusSystem

// wal/checkpoint.00000042/ is a log of its own that stands for the segments up to 42: their
// records without the dead series and the old samples. It is written to checkpoint.00000042.tmp
// and renamed when it is durable. Replay: the checkpoint, then segments 43, 44, ...

/// What a checkpoint leaves out.
package struct CheckpointRules {
  /// Whether a series is still needed: it is in the head, or segments that stay refer to it.
  package let isKept: (SeriesRef) -> Bool
  /// Samples, exemplars and tombstones that end before this time are dropped, ms.
  package let minTimeMs: Int64

  package init(minTimeMs: Int64, isKept: @escaping (SeriesRef) -> Bool) {
    self.minTimeMs = minTimeMs
    self.isKept = isKept
  }
}

/// What a checkpoint did, for the log and the metrics.
package struct CheckpointStats: Sendable, Equatable {
  package var seriesKept = 0
  package var seriesDropped = 0
  package var samplesKept = 0
  package var samplesDropped = 0
}

/// Old segments rewritten without what is dead (Prometheus, tsdb/wlog/checkpoint.go).
package enum Checkpoint {
  private static let prefix = "checkpoint."
  /// Records are gathered up to this size before they are logged.
  private static let batchBytes = 1 << 20

  /// The number in a checkpoint's name; nil for other names.
  package static func index(of name: String) -> Int? {
    guard name.hasPrefix(prefix) else { return nil }
    return WALSegments.number(of: String(name.dropFirst(prefix.count)))
  }

  package static func name(_ index: Int) -> String {
    prefix + index.padded(to: 8)
  }

  /// The newest checkpoint of a log; nil if there is none.
  package static func last(
    _ files: any FileSystem, _ directory: String
  ) throws(WALError) -> (path: String, index: Int)? {
    do throws(PosixError) {
      guard let newest = try files.list(directory).compactMap(index(of:)).max() else { return nil }
      return (FilePath.join(directory, name(newest)), newest)
    } catch {
      if error.isNotFound { return nil }
      throw .io(error)
    }
  }

  /// The last segment that a checkpoint should stand for, by Prometheus's rule: the older two
  /// thirds, never the one that is written. Nil if that is not worth it.
  ///
  /// - Parameter segments: those that no checkpoint stands for.
  package static func lastSegment(of segments: [Int]) -> Int? {
    guard let first = segments.first, let current = segments.last else { return nil }
    let last = current - 1
    guard last >= 0 else { return nil }
    let chosen = first + (last - first) * 2 / 3
    return chosen <= first ? nil : chosen
  }

  /// Writes the checkpoint that stands for the segments up to `last`, and the one before it. The
  /// segments are not removed: `removeOld` does that. Nothing is done where there is a checkpoint
  /// that stands for as much: it may be all that is left of them.
  /// - Throws: `WALError`; nothing has changed then.
  package static func write(
    through last: Int, of directory: String, files: any FileSystem, options: WALOptions,
    rules: CheckpointRules
  ) throws(WALError) -> CheckpointStats {
    let before = try Self.last(files, directory)
    if let before, before.index >= last { return CheckpointStats() }
    let segments = try WALSegments.list(files, directory)
      .filter { $0 <= last && $0 > before?.index ?? -1 }
    var stats = CheckpointStats()
    try write(through: last, of: directory, files: files, options: options) {
      writer throws(WALError) in
      var pass = Pass(rules: rules)
      if let before {
        try pass.copy(
          WALReader(
            files: files, directory: before.path,
            segments: try WALSegments.list(files, before.path)), to: writer)
      }
      try pass.copy(
        WALReader(files: files, directory: directory, segments: segments), to: writer)
      try pass.finish(writer)
      stats = pass.stats
    }
    return stats
  }

  /// Writes a checkpoint that stands for the segments up to `last`, of whatever `body` logs.
  /// - Parameter last: greater than the number of every checkpoint that there is.
  /// - Throws: `WALError`; nothing has changed then.
  static func write(
    through last: Int, of directory: String, files: any FileSystem, options: WALOptions,
    _ body: (WALWriter) throws(WALError) -> Void
  ) throws(WALError) {
    let target = FilePath.join(directory, name(last))
    let beside = target + ".tmp"
    do throws(PosixError) { try files.remove(beside) } catch { throw .io(error) }
    let writer = try WALWriter(files: files, directory: beside, options: options)
    try body(writer)
    try writer.close()
    do throws(PosixError) {
      // Never over another one: between its removal and the new name there would be none.
      try files.rename(beside, to: target)
      try files.syncDirectory(directory)
    } catch {
      throw .io(error)
    }
  }

  /// Removes what the newest checkpoint stands for: older segments and older checkpoints; and
  /// what an interrupted checkpoint, or segment written anew, left behind.
  package static func removeOld(
    of directory: String, files: any FileSystem
  ) throws(WALError) {
    let newest = try last(files, directory)?.index
    if let newest { try WALSegments.remove(below: newest + 1, files, directory) }
    do throws(PosixError) {
      for name in try files.list(directory) {
        let isLeftover =
          name.hasSuffix(".tmp")
          && (name.hasPrefix(prefix) || WALSegments.number(of: String(name.dropLast(4))) != nil)
        let isOld = index(of: name).map { $0 < newest ?? 0 } ?? isLeftover
        if isOld { try files.remove(FilePath.join(directory, name)) }
      }
    } catch {
      if !error.isNotFound { throw .io(error) }
    }
  }
}

extension Checkpoint {
  /// One walk over old records.
  private struct Pass: ~Copyable {
    let rules: CheckpointRules
    var stats = CheckpointStats()
    private var batch = WALBatch()
    private var samples = SampleColumns()
    private var kept = SampleColumns()
    private var histograms = HistogramSampleColumns()
    private var metadata: [SeriesRef: MetricMetadata] = [:]

    init(rules: CheckpointRules) { self.rules = rules }

    mutating func copy(
      _ source: consuming WALReader, to writer: WALWriter
    ) throws(WALError) {
      var reader = source
      while try reader.next() {
        do throws(RecordError) {
          try add(reader.record)
        } catch {
          throw .corruption(reader.corruption("\(error)"))
        }
        if batch.byteCount >= batchBytes {
          try writer.log(batch)
          batch.removeAll()
        }
      }
    }

    /// Only the newest metadata of a series counts; it comes last.
    mutating func finish(_ writer: WALWriter) throws(WALError) {
      let entries = metadata.sorted { $0.key < $1.key }
        .map { MetadataEntry(ref: $0.key, metadata: $0.value) }
      batch.addMetadata(entries)
      try writer.log(batch)
      batch.removeAll()
    }

    private mutating func add(_ record: Span<UInt8>) throws(RecordError) {
      switch RecordType(of: record) {
      case .series: try addSeries(record)
      case .some(let type) where SampleRecords.holds(type): try addSamples(record)
      case .tombstones:
        let entries = try OtherRecords.decodeTombstones(record)
        batch.addTombstones(
          entries.filter { rules.isKept($0.ref) && $0.range.maxMs >= rules.minTimeMs })
      case .exemplars:
        let entries = try OtherRecords.decodeExemplars(record)
        batch.addExemplars(
          entries.filter { rules.isKept($0.ref) && $0.timeMs >= rules.minTimeMs })
      case .metadata:
        for entry in try OtherRecords.decodeMetadata(record) where rules.isKept(entry.ref) {
          metadata[entry.ref] = entry.metadata
        }
      case .some(let type) where HistogramRecords.holds(type):
        try addHistograms(record, isInteger: HistogramRecords.isInteger(type))
      default: break  // Of a later version, or of the other log.
      }
    }

    private mutating func addSeries(_ record: Span<UInt8>) throws(RecordError) {
      var refs: [SeriesRef] = []
      var labels: [Labels] = []
      var dropped = 0
      try SeriesRecords.decode(record) { ref, bytes in
        if rules.isKept(ref) {
          refs.append(ref)
          labels.append(Labels(encoded: [UInt8](copying: bytes)))
        } else {
          dropped += 1
        }
      }
      stats.seriesKept += refs.count
      stats.seriesDropped += dropped
      if !refs.isEmpty { batch.addSeries(refs, labels) }
    }

    private mutating func addSamples(_ record: Span<UInt8>) throws(RecordError) {
      samples.removeAll()
      kept.removeAll()
      try SampleRecords.decode(record, into: &samples)
      for i in samples.refs.indices
      where samples.times[i] >= rules.minTimeMs && rules.isKept(samples.refs[i]) {
        if samples.startTimes.isEmpty {
          kept.append(samples.refs[i], timeMs: samples.times[i], value: samples.values[i])
        } else {
          kept.append(
            samples.refs[i], timeMs: samples.times[i], value: samples.values[i],
            startMs: samples.startTimes[i])
        }
      }
      stats.samplesKept += kept.count
      stats.samplesDropped += samples.count - kept.count
      batch.addSamples(kept)
    }

    private mutating func addHistograms(
      _ record: Span<UInt8>, isInteger: Bool
    ) throws(RecordError) {
      histograms.removeAll()
      try HistogramRecords.decode(record, into: &histograms)
      var whole = HistogramSampleColumns()
      var others = HistogramSampleColumns()
      for i in histograms.refs.indices
      where histograms.times[i] >= rules.minTimeMs && rules.isKept(histograms.refs[i]) {
        if isInteger && HistogramRecords.isWhole(histograms.histograms[i]) {
          add(i, to: &whole)
        } else {
          add(i, to: &others)
        }
      }
      stats.samplesKept += whole.count + others.count
      stats.samplesDropped += histograms.count - whole.count - others.count
      batch.addIntegerHistograms(whole)
      batch.addHistograms(others)
    }

    private func add(_ i: Int, to columns: inout HistogramSampleColumns) {
      let (ref, time) = (histograms.refs[i], histograms.times[i])
      let histogram = histograms.histograms[i]
      if histograms.startTimes.isEmpty {
        columns.append(ref, timeMs: time, histogram: histogram)
      } else {
        columns.append(
          ref, timeMs: time, histogram: histogram, startMs: histograms.startTimes[i])
      }
    }
  }
}
