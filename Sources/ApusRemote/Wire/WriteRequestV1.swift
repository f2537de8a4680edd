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
internal import ApusSystem

/// A write request as columns. What is said about series stands in columns of one length, what is
/// said about samples in others; reused from request to request.
///
/// The labels of a series stay bytes: senders repeat them byte for byte in every request, so that
/// their hash is enough to find the series.
struct WriteRequestV1: Sendable {
  /// Hash of the label fields of each series.
  private(set) var hashes: [UInt64] = []
  /// Where the label fields of each series stand in the request; they stand together.
  private(set) var labelBlocks: [Range<Int32>] = []
  /// How many of the samples and histograms belong to series up to and with this one.
  private(set) var sampleEnds: [Int32] = []
  private(set) var histogramEnds: [Int32] = []

  private(set) var times: [Int64] = []
  private(set) var values: [Double] = []
  private(set) var histogramTimes: [Int64] = []
  private(set) var histograms: [FloatHistogram] = []
  private(set) var exemplars: [(series: Int, exemplar: Exemplar)] = []
  /// Label fields of series that do not have them together: copies, behind the request's bytes.
  private(set) var gathered: [UInt8] = []

  init() {}

  var seriesCount: Int { hashes.count }

  mutating func removeAll() {
    hashes.removeAll(keepingCapacity: true)
    labelBlocks.removeAll(keepingCapacity: true)
    sampleEnds.removeAll(keepingCapacity: true)
    histogramEnds.removeAll(keepingCapacity: true)
    times.removeAll(keepingCapacity: true)
    values.removeAll(keepingCapacity: true)
    histogramTimes.removeAll(keepingCapacity: true)
    histograms.removeAll(keepingCapacity: true)
    exemplars.removeAll(keepingCapacity: true)
    gathered.removeAll(keepingCapacity: true)
  }

  mutating func decode(_ bytes: borrowing ByteWriter) throws(ProtobufError) {
    try decode(bytes.span)
  }

  /// Reads a whole request into the columns, which must be empty.
  mutating func decode(_ bytes: Span<UInt8>) throws(ProtobufError) {
    var reader = ProtobufReader(bytes)
    while try reader.next() {
      guard reader.field == 1 else { continue }
      let series = try reader.bytes()
      // The message ends where the reader now stands.
      try decodeSeries(series, startingAt: reader.offset - series.count, total: bytes.count)
    }
  }

  private mutating func decodeSeries(
    _ bytes: Span<UInt8>, startingAt start: Int, total: Int
  ) throws(ProtobufError) {
    let labelsEnd = WriteRequestV1.endOfLabels(bytes)
    var isTogether = true
    var reader = ProtobufReader(bytes.extracting(labelsEnd..<bytes.count))
    while try reader.next() {
      switch reader.field {
      case 1: isTogether = false
      case 2: try decodeSample(try reader.bytes())
      case 3:
        if let exemplar = try decodeExemplar(try reader.bytes()) {
          exemplars.append((series: hashes.count, exemplar: exemplar))
        }
      case 4:
        let (timeMs, histogram) = try HistogramWire.decode(try reader.bytes())
        histogramTimes.append(timeMs)
        histograms.append(histogram)
      default: break
      }
    }
    if isTogether {
      hashes.append(XXHash64.hash(bytes.extracting(0..<labelsEnd)))
      labelBlocks.append(Int32(start)..<Int32(start + labelsEnd))
    } else {
      try gatherLabels(bytes, total: total)
    }
    sampleEnds.append(Int32(times.count))
    histogramEnds.append(Int32(histograms.count))
  }

  /// The end of the label fields that a series begins with. What is malformed is left to the
  /// reader of the rest.
  private static func endOfLabels(_ bytes: Span<UInt8>) -> Int {
    var end = 0
    while end < bytes.count && bytes[end] == 0x0A {
      var at = end + 1
      var length = 0
      var shift = 0
      while at < bytes.count && shift <= 28 {
        let byte = bytes[at]
        at += 1
        length |= Int(byte & 0x7F) << shift
        if byte < 0x80 { break }
        shift += 7
      }
      guard shift <= 28, length <= bytes.count - at else { return end }
      end = at + length
    }
    return end
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

  private mutating func decodeSample(_ bytes: Span<UInt8>) throws(ProtobufError) {
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
    times.append(timeMs)
    values.append(value)
  }

  /// Nil where its labels are none.
  private func decodeExemplar(_ bytes: Span<UInt8>) throws(ProtobufError) -> Exemplar? {
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
    return builder.isEmpty ? nil : Exemplar(labels: builder.labels(), value: value, timeMs: timeMs)
  }
}
