import ApusModel
import ApusStorage
import ApusSystem
import ApusTSDB
import Testing

/// Files that a real Prometheus 2.42 wrote (testdata/tsdb/prometheus-2.42/README.md).
struct PrometheusFilesTests {
  private static let directory =
    FilePath.parent(of: FilePath.parent(of: FilePath.parent(of: #filePath)))
    + "/testdata/tsdb/prometheus-2.42"
  private let files = PosixFileSystem()

  /// All samples of the log by metric name, times in order.
  private struct LogContents {
    var names: [SeriesRef: String] = [:]
    var floats: [String: [(Int64, UInt64)]] = [:]
    var histograms: [String: [(Int64, FloatHistogram)]] = [:]
    var exemplars: [ExemplarEntry] = []
    var tombstones: [TombstoneEntry] = []
  }

  private func readLog() throws -> LogContents {
    var contents = LogContents()
    let wal = Self.directory + "/wal"
    var reader = WALReader(
      files: files, directory: wal, segments: try WALSegments.list(files, wal))
    while try reader.next() {
      let record = [UInt8](copying: reader.record)
      switch RecordType(of: record.span) {
      case .series:
        try SeriesRecords.decode(record.span) { ref, labels in
          contents.names[ref] = Labels(encoded: [UInt8](copying: labels)).metricName
        }
      case .samples:
        var columns = SampleColumns()
        try SampleRecords.decode(record.span, into: &columns)
        for i in columns.refs.indices {
          let name = try #require(contents.names[columns.refs[i]])
          contents.floats[name, default: []]
            .append((columns.times[i], columns.values[i].bitPattern))
        }
      case .some(let type) where HistogramRecords.holds(type):
        var columns = HistogramSampleColumns()
        try HistogramRecords.decode(record.span, into: &columns)
        for i in columns.refs.indices {
          let name = try #require(contents.names[columns.refs[i]])
          contents.histograms[name, default: []].append((columns.times[i], columns.histograms[i]))
        }
      case .exemplars: contents.exemplars += try OtherRecords.decodeExemplars(record.span)
      case .tombstones: contents.tombstones += try OtherRecords.decodeTombstones(record.span)
      default: Issue.record("record of type \(record.first ?? 0)")
      }
    }
    return contents
  }

  private func writtenLines() throws -> [[Substring]] {
    let packed = try files.read(Self.directory + "/samples.txt.gz")
    let text = String(decoding: try Gzip.expand(packed, maxBytes: 1 << 20), as: UTF8.self)
    return text.split(separator: "\n").map { $0.split(separator: " ") }
  }

  @Test func `every float that was written is in the log, bit by bit`() throws {
    let log = try readLog()
    var written: [String: [(Int64, UInt64)]] = [:]
    for line in try writtenLines() where line[0] == "f" {
      let bits = try #require(UInt64(line[3], radix: 16))
      written[String(line[1]), default: []].append((try #require(Int64(line[2])), bits))
    }
    #expect(written.count == 5)
    for (name, samples) in written {
      let found = try #require(log.floats[name])
      #expect(found.map(\.0) == samples.map(\.0))
      #expect(found.map(\.1) == samples.map(\.1))
    }
    #expect(log.exemplars.map(\.labels) == [["trace_id": "abc"]])
    #expect(log.tombstones.map(\.ref).compactMap { log.names[$0] } == ["apus_constant"])
  }

  @Test func `every histogram that was written is in the log`() throws {
    let log = try readLog()
    var count = 0
    for line in try writtenLines() where line[0] != "f" {
      let time = try #require(Int64(line[2]))
      let found = try #require(log.histograms[String(line[1])]?.first { $0.0 == time }?.1)
      #expect(found.schema == Int32(line[3]))
      #expect(found.zeroThreshold.bitPattern == UInt64(line[4], radix: 16))
      #expect(found.sum.bitPattern == UInt64(line[7], radix: 16))
      let isFloat = line[0] == "h"
      func number(_ bits: UInt64?) -> Double? {
        bits.map { isFloat ? Double(bitPattern: $0) : Double($0) }
      }
      #expect(found.zeroCount == number(UInt64(line[5], radix: 16)))
      #expect(found.count == number(UInt64(line[6], radix: 16)))
      #expect(found.positiveBuckets == buckets(line[10], isFloat))
      #expect(found.negativeBuckets == buckets(line[11], isFloat))
      #expect(found.positiveSpans == spans(line[8]))
      #expect(found.negativeSpans == spans(line[9]))
      count += 1
    }
    #expect(count == 521)
  }

  private func buckets(_ text: Substring, _ isFloat: Bool) -> [Double] {
    guard text != "-" else { return [] }
    var sum: Int64 = 0
    return text.split(separator: ",").map { word in
      if isFloat { return Double(bitPattern: UInt64(word, radix: 16) ?? 0) }
      sum += Int64(word) ?? 0
      return Double(sum)
    }
  }

  private func spans(_ text: Substring) -> [FloatHistogram.Span] {
    guard text != "-" else { return [] }
    return text.split(separator: ",").map { word in
      let parts = word.split(separator: ":")
      return .init(offset: Int32(parts[0]) ?? 0, length: UInt32(parts[1]) ?? 0)
    }
  }

  /// The head chunks, from a copy: opening may remove files.
  private func headChunks() throws -> [HeadChunk] {
    let memory = MemoryFileSystem()
    try memory.makeDirectory("/chunks_head")
    try memory.write(
      "/chunks_head/000001", try files.read(Self.directory + "/chunks_head/000001"))
    let chunks = try HeadChunkFiles(files: memory, directory: "/chunks_head")
    var found: [HeadChunk] = []
    #expect(try chunks.scan { found.append($0) } == nil)
    return found
  }

  @Test func `float chunks decode to the samples of the log, and encode to the same bytes`() throws
  {
    let log = try readLog()
    var count = 0
    for chunk in try headChunks() where chunk.encoding == .xor {
      let name = try #require(log.names[chunk.series])
      var batch = SampleBatch()
      let state = try XORDecoder.decode(chunk.bytes.span, into: &batch)
      let samples = try #require(log.floats[name]).filter { chunk.range.contains($0.0) }
      #expect(batch.times == samples.map(\.0))
      #expect(batch.values.map(\.bitPattern) == samples.map(\.1))
      #expect(chunk.range == TimeRange(samples[0].0, samples[samples.count - 1].0))
      var again = XORChunk()
      for (time, bits) in samples { again.append(timeMs: time, value: Double(bitPattern: bits)) }
      let bytes = [UInt8](copying: again.span)
      #expect(bytes == chunk.bytes.array())
      let finished = again.state
      #expect(state == finished)
      count += 1
    }
    #expect(count == 8)
  }

  @Test func `histogram chunks decode to the log's histograms, and encode to the same bytes`()
    throws
  {
    let log = try readLog()
    var counts: [ChunkEncoding: Int] = [:]
    for chunk in try headChunks() where chunk.encoding.isHistogram {
      let name = try #require(log.names[chunk.series])
      var batch = SampleBatch()
      try ChunkDecoder.decode(chunk.encoding, chunk.bytes.span, into: &batch)
      let samples = try #require(log.histograms[name]).filter { chunk.range.contains($0.0) }
      #expect(batch.histogramTimes == samples.map(\.0), "\(name)")
      #expect(batch.histograms.map(plain) == samples.map { plain($0.1) }, "\(name)")
      let again = try encode(samples, chunk)
      #expect(again == chunk.bytes.array(), "\(name)")
      counts[chunk.encoding, default: 0] += 1
    }
    #expect(counts[.histogram, default: 0] >= 3)
    #expect(counts[.floatHistogram, default: 0] >= 1)
  }

  private func encode(
    _ samples: [(Int64, FloatHistogram)], _ chunk: HeadChunk
  ) throws -> [UInt8] {
    let header = try #require(ChunkResetHeader(rawValue: chunk.bytes[2] & 0xC0))
    if chunk.encoding == .histogram {
      var encoder = HistogramChunk(header: header)
      for (time, histogram) in samples {
        #expect(histogram.hasIntegerCounts)
        let outcome = encoder.append(timeMs: time, histogram)
        #expect(outcome == .appended)
      }
      return [UInt8](copying: encoder.span)
    }
    var encoder = FloatHistogramChunk(header: header)
    for (time, histogram) in samples {
      let outcome = encoder.append(timeMs: time, histogram)
      #expect(outcome == .appended)
    }
    return [UInt8](copying: encoder.span)
  }

  /// What a chunk keeps: used buckets by their index, no hint; nothing but the sum when stale.
  private func plain(_ h: FloatHistogram) -> [String] {
    guard !StaleMarker.isStale(h.sum) else { return ["stale"] }
    func used(_ spans: [FloatHistogram.Span], _ counts: [Double]) -> String {
      var next = 0
      var at = 0
      var text = ""
      for span in spans {
        next += Int(span.offset)
        for _ in 0..<span.length {
          if counts[at] != 0 { text += "\(next):\(counts[at]) " }
          next += 1
          at += 1
        }
      }
      return text
    }
    return [
      "\(h.schema) \(h.zeroThreshold) \(h.zeroCount) \(h.count) \(h.sum)",
      used(h.positiveSpans, h.positiveBuckets), used(h.negativeSpans, h.negativeBuckets),
    ]
  }
}
