internal import ApusConfig
internal import ApusModel
internal import ApusPromQLSyntax
internal import ApusStorage
internal import ApusTSDB

/// The input series of a test, fed to the store as time goes by.
struct RuleTestInput {
  private struct Series {
    let ref: SeriesRef
    let values: [SeriesValue]
    /// The first value that is not in the store yet.
    var next = 0
  }

  private var series: [Series] = []
  private let startMs: Int64
  private let intervalMs: Int64

  init(
    _ test: RuleTestFile.Test, startMs: Int64, store: TSDB
  ) throws(CommandFailure) {
    self.startMs = startMs
    intervalMs = test.intervalMs
    // Of two lines for one series the later counts.
    var order: [Labels] = []
    var values: [Labels: [SeriesValue]] = [:]
    for line in test.inputSeries {
      do throws(ParseError) {
        let notation = try SeriesNotation.parse(
          "\(line.series) \(line.values)", combine: SeriesNotation.addSteps)
        if values.updateValue(notation.values, forKey: notation.labels) == nil {
          order.append(notation.labels)
        }
      } catch {
        throw CommandFailure(error.description)
      }
    }
    do throws(StorageError) {
      for (labels, ref) in zip(order, try store.resolve(order)) {
        series.append(Series(ref: ref, values: values[labels] ?? []))
      }
    } catch {
      throw CommandFailure(error.description)
    }
  }

  /// Adds the samples up to a time, which must not go back.
  mutating func append(untilMs timeMs: Int64, to store: TSDB) throws(CommandFailure) {
    var batch = AppendBatch()
    for index in series.indices {
      while series[index].next < series[index].values.count {
        let sampleMs = startMs + Int64(series[index].next) * intervalMs
        guard sampleMs <= timeMs else { break }
        switch series[index].values[series[index].next] {
        case .omitted: break
        case .float(let value):
          batch.append(series[index].ref, timeMs: sampleMs, value: value)
        case .histogram(let histogram, _):
          batch.append(series[index].ref, timeMs: sampleMs, histogram: histogram)
        }
        series[index].next += 1
      }
    }
    do throws(StorageError) {
      let outcome = try store.append(batch)
      if let rejection = outcome.rejections.first {
        throw StorageError(.corrupt, rejection.error.text)
      }
    } catch {
      throw CommandFailure(error.description)
    }
  }
}
