import ApusModel
import ApusRemote
import ApusStorage
import ApusSystem
import ApusTelemetry
import Testing

struct HistogramWireTests {
  private let store = FakeAppender()

  private func send(_ write: (inout ProtobufWriter) -> Void) -> WriteReceiver.Outcome {
    var body = WriteBody()
    body.add(
      series: WriteBody.labelFields(["__name__": "h"]) + WriteBody.histogramField(write))
    return WriteReceiver(
      appender: store, clock: SettableClock(ms: 1000), log: .none, metrics: MetricRegistry()
    ).receive(contentType: nil, contentEncoding: nil, body: body.compressed)
  }

  private static func span(_ field: Int, _ offset: Int64, _ length: UInt64)
    -> (inout ProtobufWriter) -> Void
  {
    { writer in
      writer.message(field) { span in
        span.sint64(1, offset)
        span.uint64(2, length)
      }
    }
  }

  private static func doubles(_ values: [Double]) -> [UInt8] {
    var writer = ByteWriter()
    for value in values { writer.le64(value.bitPattern) }
    return writer.array()
  }

  private static func deltas(_ values: [Int64]) -> [UInt8] {
    var writer = ByteWriter()
    for value in values { writer.varint(value) }
    return writer.array()
  }

  @Test func `a float histogram arrives as it is`() throws {
    let outcome = send { writer in
      writer.double(2, 10)
      writer.double(3, 2.5)
      writer.sint64(4, 1)
      writer.double(5, 0.001)
      writer.double(7, 2)
      Self.span(8, 3, 1)(&writer)
      writer.bytes(10, Self.doubles([1]).span)
      Self.span(11, -2, 2)(&writer)
      Self.span(11, 1, 1)(&writer)
      writer.bytes(13, Self.doubles([1, 2, 4]).span)
      writer.uint64(14, 3)
      writer.int64(15, 900)
    }
    #expect(outcome.status == 204)
    let batch = store.batches[0]
    #expect(batch.histogramTimes == [900])
    let histogram = batch.histograms[0]
    #expect(histogram.count == 10 && histogram.sum == 2.5 && histogram.schema == 1)
    #expect(histogram.zeroThreshold == 0.001 && histogram.zeroCount == 2)
    #expect(histogram.negativeSpans == [.init(offset: 3, length: 1)])
    #expect(histogram.negativeBuckets == [1])
    #expect(
      histogram.positiveSpans == [.init(offset: -2, length: 2), .init(offset: 1, length: 1)])
    #expect(histogram.positiveBuckets == [1, 2, 4])
    #expect(histogram.resetHint == .gauge)
  }

  @Test func `the differences of an integer histogram become counts`() {
    let outcome = send { writer in
      writer.uint64(1, 8)
      writer.uint64(6, 1)
      Self.span(11, 0, 3)(&writer)
      writer.bytes(12, Self.deltas([2, 1, -1]).span)
      writer.int64(15, 1)
    }
    #expect(outcome.status == 204)
    let histogram = store.batches[0].histograms[0]
    #expect(histogram.count == 8 && histogram.zeroCount == 1)
    #expect(histogram.positiveBuckets == [2, 3, 2])
  }

  @Test func `custom bounds arrive`() {
    let outcome = send { writer in
      writer.sint64(4, -53)
      Self.span(11, 0, 2)(&writer)
      writer.bytes(13, Self.doubles([1, 2]).span)
      writer.bytes(16, Self.doubles([0.5]).span)
    }
    #expect(outcome.status == 204)
    #expect(store.batches[0].histograms[0].customBounds == [0.5])
  }

  @Test func `a histogram that contradicts itself is a bad request`() {
    let missing = send { Self.span(11, 0, 2)(&$0) }
    #expect(missing.status == 400)
    #expect(missing.text.contains("spans need 2 buckets, have 0 buckets"))
    let huge = send { writer in
      Self.span(8, 0, UInt64(UInt32.max))(&writer)
      writer.bytes(10, Self.doubles([1]).span)
    }
    #expect(huge.text.contains("spans need 4294967295 buckets, have 1 buckets"))
    let negative = send { writer in
      Self.span(11, 0, 1)(&writer)
      writer.bytes(12, Self.deltas([-1]).span)
    }
    #expect(negative.text.contains("observation count is negative"))
    #expect(send { $0.sint64(4, -5) }.text.contains("for custom buckets, got schema -5"))
    #expect(send { $0.sint64(4, 53) }.text.contains("invalid schema"))
    let bounds = send { writer in
      writer.sint64(4, -53)
      writer.bytes(16, Self.doubles([2, 1]).span)
    }
    #expect(bounds.text.contains("previous bound is 2.000000 and current is 1.000000"))
    let few = send { writer in
      writer.sint64(4, -53)
      Self.span(11, 1, 2)(&writer)
      writer.bytes(13, Self.doubles([1, 2]).span)
      writer.bytes(16, Self.doubles([0.5]).span)
    }
    #expect(few.text.contains("only 1 custom bounds defined"))
    let mixed = send { $0.bytes(16, Self.doubles([0.5]).span) }
    #expect(mixed.text.contains("exponential schema must not have custom bounds"))
    #expect(store.batches.allSatisfy { $0.histograms.isEmpty })
  }

  // Whole observations can be counted; floats may differ by how they were rounded.
  @Test(arguments: [(8.0, 1), (9, 0), (7, 0), (.nan, 1)])
  func `counts of an integer histogram agree`(_ sumOrCount: Double, _ taken: Int) {
    let outcome = send { writer in
      writer.uint64(1, sumOrCount.isNaN ? 20 : UInt64(sumOrCount))
      writer.double(3, sumOrCount.isNaN ? .nan : 1)
      writer.uint64(6, 1)
      Self.span(11, 0, 3)(&writer)
      writer.bytes(12, Self.deltas([2, 1, -1]).span)
      writer.int64(15, 1)
    }
    #expect(outcome.status == (taken == 1 ? 204 : 400))
    #expect(taken == 1 || outcome.text.contains("8 observations found in buckets, but the Count"))
    #expect(store.batches.reduce(0) { $0 + $1.histograms.count } == taken)
    let float = send { writer in
      writer.double(2, 3)
      Self.span(11, 0, 1)(&writer)
      writer.bytes(13, Self.doubles([5]).span)
    }
    #expect(float.status == 204)
  }

  // 2^-9 powers from bucket to bucket become 2^-8.
  @Test func `a resolution that is not stored is reduced`() {
    let outcome = send { writer in
      writer.sint64(4, 9)
      writer.double(2, 6)
      Self.span(11, 1, 3)(&writer)
      writer.bytes(13, Self.doubles([1, 2, 3]).span)
    }
    #expect(outcome.status == 204)
    let histogram = store.batches[0].histograms[0]
    #expect(histogram.schema == 8)
    #expect(histogram.positiveSpans == [.init(offset: 1, length: 2)])
    #expect(histogram.positiveBuckets == [3, 3])
  }
}
