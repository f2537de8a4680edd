import ApusModel
import ApusPromQL
import ApusWeb
import Testing

struct ResultEncoderTests {
  private func encoded(
    _ value: QueryResult.Value, warnings: [String] = [], infos: [String] = [],
    statistics: QueryStatistics? = nil, pieceBytes: Int = 64 << 10
  ) -> String {
    var annotations = Annotations()
    warnings.forEach { annotations.warn($0) }
    infos.forEach { annotations.inform($0) }
    var encoder = ResultEncoder(
      QueryResult(
        value: value, annotations: annotations, statistics: statistics ?? QueryStatistics()),
      showsStatistics: statistics != nil, pieceBytes: pieceBytes)
    var all: [UInt8] = []
    while let piece = encoder.next() { all += piece }
    return String(decoding: all, as: UTF8.self)
  }

  private let prefix = #"{"status":"success","data":{"resultType":"#

  @Test func `an empty vector is an empty list`() {
    #expect(encoded(.vector([])) == prefix + #""vector","result":[]}}"#)
  }

  @Test func `scalars and strings are a time and a value`() {
    #expect(
      encoded(.scalar(timeMs: 1500, value: 2)) == prefix + #""scalar","result":[1.500,"2"]}}"#)
    #expect(
      encoded(.string(timeMs: 1000, value: "a\"b"))
        == prefix + #""string","result":[1,"a\"b"]}}"#)
  }

  @Test func `a vector lists metric and value`() {
    let series = [
      InstantSeries(labels: ["__name__": "up"], timeMs: 1000, value: .float(1)),
      InstantSeries(labels: .empty, timeMs: 1000, value: .float(.nan)),
    ]
    #expect(
      encoded(.vector(series))
        == prefix
        + #""vector","result":[{"metric":{"__name__":"up"},"value":[1,"1"]},"#
        + #"{"metric":{},"value":[1,"NaN"]}]}}"#)
  }

  @Test(arguments: [1, 20, 64 << 10])
  func `a matrix is the same in whatever pieces it is made`(pieceBytes: Int) {
    var histogram = FloatHistogram()
    histogram.count = 1
    histogram.sum = 2
    let series = [
      RangeSeries(labels: ["a": "1"], times: [0, 15_000], values: [1, 2.5]),
      RangeSeries(
        labels: ["a": "2"], times: [0], values: [3], histogramTimes: [1000, 2000],
        histograms: [histogram, histogram]),
      RangeSeries(
        labels: ["a": "3"], times: [], values: [], histogramTimes: [1000],
        histograms: [histogram]),
    ]
    #expect(
      encoded(.matrix(series), pieceBytes: pieceBytes)
        == prefix
        + #""matrix","result":[{"metric":{"a":"1"},"values":[[0,"1"],[15,"2.5"]]},"#
        + #"{"metric":{"a":"2"},"values":[[0,"3"]],"#
        + #""histograms":[[1,{"count":"1","sum":"2"}],[2,{"count":"1","sum":"2"}]]},"#
        + #"{"metric":{"a":"3"},"histograms":[[1,{"count":"1","sum":"2"}]]}]}}"#)
  }

  @Test func `buckets carry the rule of their bounds`() {
    var histogram = FloatHistogram()
    histogram.schema = 0
    histogram.count = 10
    histogram.sum = 12.5
    histogram.zeroThreshold = 0.5
    histogram.zeroCount = 2
    histogram.positiveSpans = [.init(offset: 0, length: 2), .init(offset: 1, length: 1)]
    histogram.positiveBuckets = [1, 0, 4]
    histogram.negativeSpans = [.init(offset: 1, length: 1)]
    histogram.negativeBuckets = [3]
    let series = [InstantSeries(labels: .empty, timeMs: 0, value: .histogram(histogram))]
    #expect(
      encoded(.vector(series))
        == prefix
        + #""vector","result":[{"metric":{},"histogram":[0,{"count":"10","sum":"12.5","buckets":["#
        + #"[1,"-2","-1","3"],[3,"-0.5","0.5","2"],[0,"0.5","1","1"],[0,"4","8","4"]]}]}]}}"#)
  }

  @Test func `custom buckets begin at minus infinity and end at infinity`() {
    var histogram = FloatHistogram()
    histogram.schema = FloatHistogram.customBoundsSchema
    histogram.customBounds = [0.5, 1]
    histogram.positiveSpans = [.init(offset: 0, length: 3)]
    histogram.positiveBuckets = [1, 2, 3]
    let series = [InstantSeries(labels: .empty, timeMs: 0, value: .histogram(histogram))]
    #expect(
      encoded(.vector(series)).contains(
        #"[[3,"-Inf","0.5","1"],[0,"0.5","1","2"],[0,"1","+Inf","3"]]"#))
  }

  @Test func `warnings and infos stand behind the data, at most ten of each`() {
    let text = encoded(.vector([]), warnings: ["w"], infos: (1...12).map { "i\($0)" })
    #expect(text.contains(#""result":[]},"warnings":["w"],"infos":["i1","#))
    #expect(text.hasSuffix(#""i10","2 more info annotations omitted"]}"#))
  }

  @Test func `statistics have Prometheus's names`() {
    var statistics = QueryStatistics()
    statistics.totalQueryableSamples = 3
    statistics.samplesRead = 2
    statistics.samplesReadPerStep = [(timeMs: 1000, samples: 2)]
    statistics.peakSamples = 4
    statistics.evalTotalSeconds = 0.25
    statistics.samplesPerStep = [(timeMs: 1000, samples: 3)]
    #expect(
      encoded(.vector([]), statistics: statistics).hasSuffix(
        #""result":[],"stats":{"timings":{"evalTotalTime":0.25,"resultSortTime":0,"#
          + #""queryPreparationTime":0,"innerEvalTime":0,"execQueueTime":0,"execTotalTime":0},"#
          + #""samples":{"totalQueryableSamplesPerStep":[[1,3]],"totalQueryableSamples":3,"#
          + #""samplesReadPerStep":[[1,2]],"samplesRead":2,"peakSamples":4}}}}"#))
  }
}
