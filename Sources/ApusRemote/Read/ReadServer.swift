package import ApusModel
package import ApusStorage
internal import ApusSystem
package import ApusTelemetry

/// One chunk of samples as every Prometheus reads it.
package struct WireChunk: Sendable {
  package let minTimeMs: Int64
  package let maxTimeMs: Int64
  /// As in prometheus.Chunk: 1 XOR, 2 histogram, 3 float histogram.
  package let encoding: UInt8
  package let bytes: [UInt8]

  package init(minTimeMs: Int64, maxTimeMs: Int64, encoding: UInt8, bytes: [UInt8]) {
    self.minTimeMs = minTimeMs
    self.maxTimeMs = maxTimeMs
    self.encoding = encoding
    self.bytes = bytes
  }
}

package struct ReadOptions: Sendable {
  /// Samples of an answer that is not streamed; 0 for any number.
  package var samplesMax = 50_000_000
  /// Bytes of labels and chunks at which a frame ends.
  package var frameBytesMax = 1 << 20

  package init() {}
}

/// Answers remote reads of other servers.
///
/// Blocking: call it on a worker. Any number of calls may run at one time.
/// Source: Prometheus, storage/remote/read_handler.go.
package final class ReadServer: Sendable {
  package enum Answer: Sendable {
    /// A ReadResponse, compressed with snappy.
    case samples([UInt8])
    case frames(ReadFrames)
    case failed(ReadFailure)
  }

  private let store: any Queryable
  private let options: ReadOptions
  private let externalLabels: @Sendable () -> Labels
  private let encode: @Sendable (SampleBatch) -> [WireChunk]
  private let log: Log

  /// - Parameter encode: makes chunks of the samples of one series.
  package init(
    store: any Queryable, options: ReadOptions, log: Log,
    externalLabels: @escaping @Sendable () -> Labels,
    encode: @escaping @Sendable (SampleBatch) -> [WireChunk]
  ) {
    self.store = store
    self.options = options
    self.externalLabels = externalLabels
    self.encode = encode
    self.log = log
  }

  /// - Parameter body: a ReadRequest, compressed with snappy.
  package func answer(_ body: [UInt8]) -> Answer {
    do throws(ReadFailure) {
      let request = try decode(body)
      let external = externalLabels()
      if try streams(request.answerTypes) {
        return .frames(
          ReadFrames(
            request, store: store, external: external, frameBytesMax: options.frameBytesMax,
            encode: encode))
      }
      return .samples(try samples(request, external))
    } catch {
      log.error("Error answering remote read request", ["err": error.text])
      return .failed(error)
    }
  }

  private func decode(_ body: [UInt8]) throws(ReadFailure) -> ReadRequest {
    var expanded = ByteWriter()
    do throws(CodecError) {
      try Snappy.expand(body.span, maxBytes: Limits.writeBytesMax, into: &expanded)
    } catch {
      throw ReadFailure(400, error.description)
    }
    return try ReadRequest(expanded.span)
  }

  /// Whether chunks are streamed: by the first type of answer that is known here.
  private func streams(_ types: [UInt64]) throws(ReadFailure) -> Bool {
    if types.isEmpty { return false }
    guard let first = types.first(where: { $0 <= 1 }) else {
      throw ReadFailure(
        400,
        "server does not support any of the requested response types: \(types); supported: "
          + "[SAMPLES STREAMED_XOR_CHUNKS]")
    }
    return first == 1
  }

  private func samples(_ request: ReadRequest, _ external: Labels) throws(ReadFailure) -> [UInt8] {
    var response = ProtobufWriter()
    var samplesLeft = options.samplesMax > 0 ? options.samplesMax : .max
    for query in request.queries {
      let reading = ReadQuery(query, external: external)
      var result = ProtobufWriter()
      do throws(StorageError) {
        let cursor = try reading.select(from: store)
        var batch = SampleBatch()
        while try cursor.next() {
          batch.removeAll()
          try cursor.read(into: &batch)
          if batch.isEmpty { continue }
          samplesLeft -= batch.times.count + batch.histogramTimes.count
          if samplesLeft < 0 { break }
          ReadWire.series(reading.labels(cursor.labels), batch, to: &result)
        }
      } catch {
        throw ReadFailure(500, error.description)
      }
      guard samplesLeft >= 0 else {
        throw ReadFailure(400, "exceeded sample limit (\(options.samplesMax))")
      }
      response.bytes(1, result.span)
    }
    return Snappy.compress(response.array())
  }
}

/// One query with the labels that this server goes by outside.
struct ReadQuery {
  let range: TimeRange
  let matchers: [LabelMatcher]
  private let external: Labels

  init(_ query: ReadRequest.Query, external: Labels) {
    range = query.range
    self.external = external
    // A series here does not have the labels that the outside sees on it.
    matchers = query.matchers.map { matcher in
      matcher.kind == .equal && !matcher.value.isEmpty
        && external.value(of: matcher.name) == matcher.value
        ? .equal(matcher.name, "") : matcher
    }
  }

  func select(from store: any Queryable) throws(StorageError) -> any SeriesCursor {
    guard !range.isEmpty else { return EmptySeriesCursor() }
    let querier = try store.querier(in: range)
    return try querier.select(matchers, in: range, hints: SelectHints())
  }

  /// The labels of a series as the outside sees them; its own win.
  func labels(_ stored: Labels) -> Labels {
    guard !external.isEmpty else { return stored }
    var builder = LabelsBuilder(stored)
    for label in external where !stored.has(label.name) { builder.set(label.name, label.value) }
    return builder.labels()
  }
}
