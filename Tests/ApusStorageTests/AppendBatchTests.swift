import ApusModel
import ApusStorage
import Testing

@Suite struct AppendBatchTests {
  @Test func `columns stay parallel, floats and histograms apart`() {
    var batch = AppendBatch()
    batch.append(SeriesRef(1), timeMs: 10, value: 1.5)
    batch.append(SeriesRef(2), timeMs: 20, histogram: FloatHistogram())
    batch.append(SeriesRef(3), timeMs: 30, value: -0.0)
    #expect(batch.refs.map(\.number) == [1, 3])
    #expect(batch.times == [10, 30])
    #expect(
      batch.values.map(\.bitPattern) == [
        Double(1.5).bitPattern, Double(sign: .minus, exponent: 0, significand: 0).bitPattern,
      ])
    #expect(batch.histogramRefs.map(\.number) == [2])
    #expect(batch.histogramTimes == [20])
  }

  @Test func `an emptied batch holds nothing of the last one`() {
    var batch = AppendBatch()
    batch.append(SeriesRef(1), timeMs: 10, value: 1)
    batch.append(SeriesRef(1), timeMs: 10, histogram: FloatHistogram())
    batch.metadata.append((SeriesRef(1), MetricMetadata()))
    batch.removeAll()
    #expect(batch.refs.isEmpty && batch.times.isEmpty && batch.values.isEmpty)
    #expect(batch.histogramRefs.isEmpty && batch.histograms.isEmpty && batch.metadata.isEmpty)
  }

  @Test(arguments: [
    (AppendError.outOfOrder, "out of order sample"), (.tooOld, "too old sample"),
    (.duplicate, "duplicate sample for timestamp"), (.outOfBounds, "out of bounds"),
    (.histogramsDisabled, "native histograms are disabled"),
  ])
  func `a refusal has Prometheus's words`(error: AppendError, text: String) {
    #expect(error.text == text)
  }

  @Test func `a cursor over nothing ends at once`() throws {
    let cursor = EmptySeriesCursor()
    #expect(try !cursor.next())
    #expect(try cursor.latest(atMs: 1, newerThanMs: 0) == nil)
    #expect(cursor.labels.isEmpty)
  }
}
