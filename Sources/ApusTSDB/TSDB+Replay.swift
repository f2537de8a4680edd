internal import ApusModel
internal import ApusStorage
internal import ApusSystem
internal import ApusTelemetry

/// Opening: what a directory holds, back into memory.
extension TSDB {
  var walDirectory: String { FilePath.join(directory, "wal") }

  func replay() throws(StorageError) {
    let start = clock.monotonicNs
    var replay = HeadReplay(head)
    do throws(WALError) {
      let segments = try WALSegments.list(files, walDirectory)
      var reader = WALReader(files: files, directory: walDirectory, segments: segments)
      try replay.replay(&reader)
    } catch {
      throw .wal(error)
    }
    replay.finish(log)
    head.log = HeadLog(try openLog(), failures: metrics.walWritesFailed)
    let seconds = Double(clock.monotonicNs - start) / 1e9
    head.metrics.replaySeconds.set(seconds)
    log.info(
      "WAL replay completed",
      [
        "series": "\(head.seriesCount)", "samples": "\(replay.sampleCount)",
        "total_replay_duration": "\(seconds)s",
      ])
  }

  private func openLog() throws(StorageError) -> WALWriter {
    var walOptions = WALOptions()
    walOptions.segmentBytes = options.walSegmentBytes
    walOptions.compression = options.compressesWAL ? .snappy : .none
    do throws(WALError) {
      return try WALWriter(files: files, directory: walDirectory, options: walOptions)
    } catch {
      throw .wal(error)
    }
  }
}
