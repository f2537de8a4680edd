import ApusModel
import ApusStorage
import ApusSystem
import ApusTSDB
import Testing

/// All that queries can see of a store.
struct Picture: Equatable {
  var answers: [Answer] = []
  var histogramTimes: [[Int64]] = []
  var histograms: [[FloatHistogram]] = []
  var exemplars: [String] = []
  var names: [String] = []
  var values: [String: [String]] = [:]
  var seriesCount: UInt64 = 0
  var pairCount = 0
  var staleBits: [UInt64] = []

  init(_ store: TSDB) throws {
    answers = try store.answers(everything)
    let querier = try store.querier(in: .all)
    let cursor = try querier.select(everything, in: .all, hints: SelectHints())
    while try cursor.next() {
      var batch = SampleBatch()
      try cursor.read(into: &batch)
      histogramTimes.append(batch.histogramTimes)
      histograms.append(batch.histograms)
    }
    exemplars = try store.exemplars(in: .all, matching: [everything]).map { "\($0)" }.sorted()
    names = try querier.labelNames(matching: [], limit: 0)
    for name in names {
      values[name] = try querier.labelValues(of: name, matching: [], limit: 0)
      for value in values[name] ?? [] {
        answers += try store.answers([.equal(name, value)])
      }
    }
    let status = try store.status(limit: 10)
    seriesCount = status.seriesCount
    pairCount = status.labelPairCount
  }
}

/// A head with something of everything that a head can hold.
struct FullHead {
  static let hour: Int64 = 3_600_000
  /// Begins at a block's border.
  static let start = 1_700_000_000_000 / (2 * hour) * 2 * hour

  static var options: TSDBOptions {
    var options = TSDBOptions()
    options.exemplarsMax = 50
    options.walSegmentBytes = 64 << 10
    options.headImageIntervalMs = 300_000
    options.headImageLogBytesMin = 0
    return options
  }

  static var withoutImage: TSDBOptions {
    var options = options
    options.headImageIntervalMs = 0
    return options
  }

  static func labels(_ i: Int) -> Labels {
    ["__name__": "m\(i % 3)", "instance": "host-\(i)", "job": "node"]
  }

  static func histogram(_ i: Int, isCustom: Bool) -> FloatHistogram {
    var h = FloatHistogram()
    h.schema = isCustom ? FloatHistogram.customBoundsSchema : 2
    if isCustom { h.customBounds = [1, 2.5, 10] }
    h.count = Double(i * 3)
    h.sum = Double(i) * 0.75
    h.positiveSpans = [.init(offset: 0, length: 3)]
    h.positiveBuckets = [Double(i), Double(i), Double(i)]
    return h
  }

  /// Appends rounds of samples, 15 s apart, to all series; some of the series are new in them.
  static func fill(_ store: TSDB, rounds: Range<Int>) throws {
    for round in rounds {
      let time = start + Int64(round) * 15_000
      var batch = AppendBatch()
      let refs = try store.resolve((0..<(7 + round / 60)).map(labels))
      for (i, ref) in refs.enumerated() where i != 5 || round < 100 {
        let value = i == 4 && round % 50 == 49 ? StaleMarker.value : Double(round * i % 13) * 0.1
        batch.append(ref, timeMs: time + Int64(i % 2), value: value)
      }
      let others = try store.resolve([
        ["__name__": "hist", "kind": "plain"], ["__name__": "hist", "kind": "custom"],
      ])
      for (i, ref) in others.enumerated() where round % 2 == i {
        batch.append(ref, timeMs: time, histogram: histogram(round, isCustom: i == 1))
      }
      if round % 7 == 0 {
        let exemplar = Exemplar(
          labels: ["trace_id": "t\(round)"], value: Double(round), timeMs: time)
        batch.exemplars.append((refs[round % 3], exemplar))
        batch.metadata.append(
          (refs[1], MetricMetadata(kind: .counter, unit: "s", help: "h\(round)")))
      }
      #expect(try store.append(batch).rejections.isEmpty)
    }
  }

  static func delete(_ store: TSDB, _ i: Int, rounds: ClosedRange<Int>) throws {
    try store.deleteSeries(
      in: TimeRange(
        start + Int64(rounds.lowerBound) * 15_000, start + Int64(rounds.upperBound) * 15_000),
      matching: [.equal("instance", "host-\(i)")])
  }

  /// What a process that is killed now leaves behind.
  static func killed(_ directory: StoreDirectory) throws -> StoreDirectory {
    let copy = StoreDirectory("killed")
    try copyTree(directory.path, copy.path)
    return copy
  }

  /// Opens what a process left behind twice, with its image and without: both must answer alike,
  /// now and after more was appended.
  static func compare(
    _ left: StoreDirectory, to wanted: Picture? = nil, goOnAt round: Int,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> HeadStart {
    let other = try killed(left)
    let plain = try openStore(other.path, withoutImage)
    let quick = try openStore(left.path, options)
    let start = quick.headStart
    var (a, b) = (try Picture(quick), try Picture(plain))
    #expect(a == b, sourceLocation: sourceLocation)
    if let wanted { #expect(a == wanted, sourceLocation: sourceLocation) }
    for store in [quick, plain] { try fill(store, rounds: round..<(round + 70)) }
    (a, b) = (try Picture(quick), try Picture(plain))
    #expect(a == b, sourceLocation: sourceLocation)
    for store in [quick, plain] { store.maintain() }
    (a, b) = (try Picture(quick), try Picture(plain))
    #expect(a == b, sourceLocation: sourceLocation)
    try quick.close()
    try plain.close()
    let again = try openStore(left.path, options)
    #expect(again.headStart == .image, sourceLocation: sourceLocation)
    #expect(try Picture(again) == b, sourceLocation: sourceLocation)
    return start
  }
}
