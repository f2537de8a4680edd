package import ApusModel
internal import ApusSystem

// | 2 | ref0 BE64 | t0 BE64 | sample | sample | ... |     nothing behind the type if there is none
//   sample: ref - ref0 varint | t - t0 varint | value f64 |
//   ref0 and t0 are those of the first sample, which follows in full like the others.

/// Float samples in parallel columns. Keep one, and empty it instead of making another.
package struct SampleColumns: Sendable {
  package var refs: [SeriesRef] = []
  package var times: [Int64] = []
  package var values: [Double] = []

  package init() {}

  package var count: Int { refs.count }

  package mutating func removeAll() {
    refs.removeAll(keepingCapacity: true)
    times.removeAll(keepingCapacity: true)
    values.removeAll(keepingCapacity: true)
  }

  package mutating func append(_ ref: SeriesRef, timeMs: Int64, value: Double) {
    refs.append(ref)
    times.append(timeMs)
    values.append(value)
  }
}

extension WALBatch {
  /// One record of float samples; none if there are none.
  package mutating func addSamples(
    refs: Span<SeriesRef>, times: Span<Int64>, values: Span<Double>
  ) {
    precondition(
      refs.count == times.count && refs.count == values.count, "columns of different lengths")
    guard !refs.isEmpty else { return }
    add(.samples) { writer in
      SampleRecords.encode(refs: refs, times: times, values: values, &writer)
    }
  }

  package mutating func addSamples(_ columns: SampleColumns) {
    addSamples(
      refs: columns.refs.span, times: columns.times.span, values: columns.values.span)
  }
}

package enum SampleRecords {
  /// The shortest Δref, Δt and a value.
  private static let sampleBytesMin = 10

  static func encode(
    refs: Span<SeriesRef>, times: Span<Int64>, values: Span<Double>, _ writer: inout ByteWriter
  ) {
    let ref0 = refs[0].number
    let time0 = times[0]
    writer.reserve(16 + refs.count * 14)
    writer.be64(ref0)
    writer.be64(UInt64(bitPattern: time0))
    for i in refs.indices {
      writer.varint(Int64(bitPattern: refs[i].number &- ref0))
      writer.varint(times[i] &- time0)
      writer.f64(values[i])
    }
  }

  /// Appends the samples of a record to `columns`.
  /// - Throws: `RecordError`; `columns` then holds what came before the damage.
  package static func decode(
    _ record: Span<UInt8>, into columns: inout SampleColumns
  ) throws(RecordError) {
    var reader = try RecordLabels.begin(record, .samples)
    guard !reader.isAtEnd else { return }
    do throws(ByteReaderError) {
      let ref0 = try reader.be64()
      let time0 = Int64(bitPattern: try reader.be64())
      let most = columns.count + reader.remaining / sampleBytesMin
      columns.refs.reserveCapacity(most)
      columns.times.reserveCapacity(most)
      columns.values.reserveCapacity(most)
      while !reader.isAtEnd {
        let ref = ref0 &+ UInt64(bitPattern: try reader.varint())
        let time = time0 &+ (try reader.varint())
        let value = try reader.f64()
        columns.refs.append(SeriesRef(ref))
        columns.times.append(time)
        columns.values.append(value)
      }
    } catch {
      throw .malformed(error)
    }
  }
}
