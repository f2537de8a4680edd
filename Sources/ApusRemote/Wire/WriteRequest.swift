// prometheus.WriteRequest of remote write 1.0, protobuf:
//
//     WriteRequest   1 TimeSeries (repeated), 3 MetricMetadata (repeated, not stored)
//     TimeSeries     1 Label (repeated), 2 Sample, 3 Exemplar, 4 Histogram (all repeated)
//     Label          1 name, 2 value
//     Sample         1 value double, 2 timestamp int64 (ms)
//     Exemplar       1 Label (repeated), 2 value double, 3 timestamp int64 (ms)
//
// Source: Prometheus, prompb/types.proto and prompb/remote.proto.

internal import ApusModel
internal import ApusStorage
internal import ApusSystem

/// A write request of protocol 1.0 or 2.0 as columns. What is said about series stands in columns
/// of one length, what is said about samples in those of `batch`; reused from request to request.
///
/// The labels of a series stay bytes: senders repeat them byte for byte in every request, so that
/// their hash is enough to find the series.
struct WriteRequest: Sendable {
  /// Hash of the label fields of each series.
  var hashes: [UInt64] = []
  /// Where the label fields of each series stand in the request; they stand together.
  var labelBlocks: [Range<Int32>] = []
  /// How many of the samples and histograms belong to series up to and with this one.
  var sampleEnds: [Int32] = []
  var histogramEnds: [Int32] = []
  /// Which of the histograms count whole observations.
  var areInteger: [Bool] = []
  /// The samples, in order of their series; the refs are for the caller to fill in.
  var batch = AppendBatch()
  /// The newest time of any sample or histogram; `Int64.min` where there is none.
  var newestMs = Int64.min
  var exemplars: [(series: Int, exemplar: Exemplar)] = []
  /// Whether it is of protocol 2.0: a label block is then made of numbers of symbols.
  var hasSymbols = false
  /// In a request of protocol 2.0: where the text of each symbol stands.
  var symbols: [Range<Int32>] = []
  var symbolHashes: [UInt64] = []
  /// In a request of protocol 2.0: whether type and unit of series are to be labels, and those of
  /// the series, as far as they tell any, by position.
  var addsTypeAndUnit = false
  var typesAndUnits: [Int: SeriesTypeAndUnit] = [:]
  /// Series of a 2.0 request that can not be read, with what is wrong with each.
  var problems: [Int: String] = [:]
  /// Label fields of series that do not have them together: copies, behind the request's bytes.
  var gathered: [UInt8] = []

  init() {}

  var seriesCount: Int { hashes.count }

  mutating func removeAll() {
    hashes.removeAll(keepingCapacity: true)
    labelBlocks.removeAll(keepingCapacity: true)
    sampleEnds.removeAll(keepingCapacity: true)
    histogramEnds.removeAll(keepingCapacity: true)
    areInteger.removeAll(keepingCapacity: true)
    batch.removeAll()
    newestMs = .min
    exemplars.removeAll(keepingCapacity: true)
    gathered.removeAll(keepingCapacity: true)
    hasSymbols = false
    symbols.removeAll(keepingCapacity: true)
    symbolHashes.removeAll(keepingCapacity: true)
    problems.removeAll()
    typesAndUnits.removeAll()
  }

  mutating func decode(_ bytes: borrowing ByteWriter) throws(ProtobufError) {
    try decode(bytes.span)
  }

  /// Reads a whole request into the columns, which must be empty.
  mutating func decode(_ bytes: Span<UInt8>) throws(ProtobufError) {
    var at = 0
    while at < bytes.count {
      if bytes[at] == 0x0A, let (length, start) = WireBytes.length(bytes, at + 1, bytes.count) {
        let end = start + length
        if !decodePlainSeries(bytes, start, end) {
          try decodeSeries(
            bytes.extracting(start..<end), startingAt: start, total: bytes.count)
        }
        at = end
      } else {
        // Metadata, which is not stored, or what is not protobuf.
        var reader = ProtobufReader(bytes.extracting(at..<bytes.count))
        guard try reader.next() else { return }
        try reader.skip()
        at += reader.offset
      }
    }
  }

  /// Reads a series that is labels and samples, as nearly all are; false, and nothing changed, if
  /// it is anything else.
  private mutating func decodePlainSeries(
    _ bytes: Span<UInt8>, _ start: Int, _ end: Int
  ) -> Bool {
    let labelsEnd = WireBytes.endOfLabels(bytes, start, end)
    let before = batch.times.count
    var at = labelsEnd
    while at < end {
      guard bytes[at] == 0x12, let (length, from) = WireBytes.length(bytes, at + 1, end),
        let sample = WireBytes.sample(bytes, from, from + length)
      else {
        batch.times.removeLast(batch.times.count - before)
        batch.values.removeLast(batch.values.count - before)
        return false
      }
      add(sample.timeMs, sample.value)
      at = from + length
    }
    hashes.append(XXHash64.hash(bytes.extracting(start..<labelsEnd)))
    labelBlocks.append(Int32(truncatingIfNeeded: start)..<Int32(truncatingIfNeeded: labelsEnd))
    endSeries()
    return true
  }

  private mutating func decodeSeries(
    _ bytes: Span<UInt8>, startingAt start: Int, total: Int
  ) throws(ProtobufError) {
    let labelsEnd = WireBytes.endOfLabels(bytes, 0, bytes.count)
    var isTogether = true
    var reader = ProtobufReader(bytes.extracting(labelsEnd..<bytes.count))
    while try reader.next() {
      switch reader.field {
      case 1: isTogether = false
      case 2: try decodeSample(try reader.bytes())
      case 3:
        let exemplar = try decodeExemplar(try reader.bytes())
        exemplars.append((series: hashes.count, exemplar: exemplar))
      case 4:
        add(try HistogramWire.decode(try reader.bytes()))
      default: break
      }
    }
    if isTogether {
      hashes.append(XXHash64.hash(bytes.extracting(0..<labelsEnd)))
      labelBlocks.append(Int32(start)..<Int32(start + labelsEnd))
    } else {
      try gatherLabels(bytes, total: total)
    }
    endSeries()
  }

  mutating func add(_ timeMs: Int64, _ value: Double) {
    batch.times.append(timeMs)
    batch.values.append(value)
    if timeMs > newestMs { newestMs = timeMs }
  }

  mutating func add(_ sample: HistogramWire.Sample) {
    batch.histogramTimes.append(sample.timeMs)
    batch.histograms.append(sample.histogram)
    areInteger.append(sample.isInteger)
    newestMs = max(newestMs, sample.timeMs)
  }

  mutating func endSeries() {
    sampleEnds.append(Int32(truncatingIfNeeded: batch.times.count))
    histogramEnds.append(Int32(truncatingIfNeeded: batch.histograms.count))
  }

  private mutating func gatherLabels(
    _ bytes: Span<UInt8>, total: Int
  ) throws(ProtobufError) {
    let start = gathered.count
    var reader = ProtobufReader(bytes)
    while try reader.next() {
      guard reader.field == 1 else { continue }
      let label = try reader.bytes()
      gathered.append(0x0A)
      var length = label.count
      while length >= 0x80 {
        gathered.append(UInt8(truncatingIfNeeded: length) | 0x80)
        length >>= 7
      }
      gathered.append(UInt8(length))
      for i in label.indices { gathered.append(label[i]) }
    }
    hashes.append(XXHash64.hash(gathered.span.extracting(start..<gathered.count)))
    labelBlocks.append(Int32(total + start)..<Int32(total + gathered.count))
  }

  mutating func decodeSample(_ bytes: Span<UInt8>) throws(ProtobufError) {
    var reader = ProtobufReader(bytes)
    var value = 0.0
    var timeMs: Int64 = 0
    while try reader.next() {
      switch reader.field {
      case 1: value = try reader.double()
      case 2: timeMs = try reader.int64()
      default: break
      }
    }
    add(timeMs, value)
  }

  /// Nil where its labels are none.
  /// It may have no labels.
  private func decodeExemplar(_ bytes: Span<UInt8>) throws(ProtobufError) -> Exemplar {
    var reader = ProtobufReader(bytes)
    var value = 0.0
    var timeMs: Int64 = 0
    var builder = LabelsBuilder()
    while try reader.next() {
      switch reader.field {
      case 1:
        var label = try reader.message()
        var name = ""
        var text = ""
        while try label.next() {
          switch label.field {
          case 1: name = try label.string()
          case 2: text = try label.string()
          default: break
          }
        }
        if !name.isEmpty { builder.set(name, text) }
      case 2: value = try reader.double()
      case 3: timeMs = try reader.int64()
      default: break
      }
    }
    return Exemplar(labels: builder.labels(), value: value, timeMs: timeMs)
  }
}
