package import ApusModel
internal import ApusSystem

// Tombstones  | 3 | (ref BE64 | min varint | max varint) ... |
// Exemplars   | 4 | ref0 BE64 | t0 BE64 | (Δref varint | Δt varint | value f64 | labels) ... |
// Metadata    | 6 | (ref uvarint | kind 1 | n uvarint | n x (name, value)) ... |   UNIT and HELP

/// Times of one series that were deleted, ms, both ends included.
package struct TombstoneEntry: Sendable, Equatable {
  package let ref: SeriesRef
  package let range: TimeRange

  package init(ref: SeriesRef, range: TimeRange) {
    self.ref = ref
    self.range = range
  }
}

/// An exemplar of a series; it always has a time.
package struct ExemplarEntry: Sendable, Equatable {
  package let ref: SeriesRef
  package let timeMs: Int64
  package let value: Double
  package let labels: Labels

  package init(ref: SeriesRef, timeMs: Int64, value: Double, labels: Labels) {
    self.ref = ref
    self.timeMs = timeMs
    self.value = value
    self.labels = labels
  }
}

/// What a series' family says about itself.
package struct MetadataEntry: Sendable, Equatable {
  package let ref: SeriesRef
  package let metadata: MetricMetadata

  package init(ref: SeriesRef, metadata: MetricMetadata) {
    self.ref = ref
    self.metadata = metadata
  }
}

extension WALBatch {
  package mutating func addTombstones(_ entries: [TombstoneEntry]) {
    guard !entries.isEmpty else { return }
    add(.tombstones) { writer in
      for entry in entries {
        writer.be64(entry.ref.number)
        writer.varint(entry.range.minMs)
        writer.varint(entry.range.maxMs)
      }
    }
  }

  package mutating func addExemplars(_ entries: [ExemplarEntry]) {
    guard let first = entries.first else { return }
    add(.exemplars) { writer in
      writer.be64(first.ref.number)
      writer.be64(UInt64(bitPattern: first.timeMs))
      for entry in entries {
        writer.varint(Int64(bitPattern: entry.ref.number &- first.ref.number))
        writer.varint(entry.timeMs &- first.timeMs)
        writer.f64(entry.value)
        let bytes = entry.labels.bytes
        RecordLabels.encode(bytes.span, &writer)
      }
    }
  }

  package mutating func addMetadata(_ entries: [MetadataEntry]) {
    guard !entries.isEmpty else { return }
    add(.metadata) { writer in
      for entry in entries {
        writer.uvarint(entry.ref.number)
        writer.u8(OtherRecords.byte(of: entry.metadata.kind))
        writer.uvarint(2)
        writer.uvarintString("UNIT")
        writer.uvarintString(entry.metadata.unit)
        writer.uvarintString("HELP")
        writer.uvarintString(entry.metadata.help)
      }
    }
  }
}

package enum OtherRecords {
  package static func decodeTombstones(
    _ record: Span<UInt8>
  ) throws(RecordError) -> [TombstoneEntry] {
    var reader = try RecordLabels.begin(record, .tombstones)
    var entries: [TombstoneEntry] = []
    do throws(ByteReaderError) {
      while !reader.isAtEnd {
        let ref = SeriesRef(try reader.be64())
        let min = try reader.varint()
        entries.append(TombstoneEntry(ref: ref, range: TimeRange(min, try reader.varint())))
      }
    } catch {
      throw .malformed(error)
    }
    return entries
  }

  package static func decodeExemplars(
    _ record: Span<UInt8>
  ) throws(RecordError) -> [ExemplarEntry] {
    var reader = try RecordLabels.begin(record, .exemplars)
    var entries: [ExemplarEntry] = []
    guard !reader.isAtEnd else { return [] }
    var ref0: UInt64 = 0
    var time0: Int64 = 0
    var isFirst = true
    while !reader.isAtEnd {
      let ref: UInt64
      let time: Int64
      let value: Double
      do throws(ByteReaderError) {
        if isFirst {
          ref0 = try reader.be64()
          time0 = Int64(bitPattern: try reader.be64())
          isFirst = false
        }
        ref = ref0 &+ UInt64(bitPattern: try reader.varint())
        time = time0 &+ (try reader.varint())
        value = try reader.f64()
      } catch {
        throw .malformed(error)
      }
      var encoder = LabelsEncoder()
      try RecordLabels.decode(&reader, &encoder)
      entries.append(
        ExemplarEntry(ref: SeriesRef(ref), timeMs: time, value: value, labels: encoder.labels()))
    }
    return entries
  }

  package static func decodeMetadata(
    _ record: Span<UInt8>
  ) throws(RecordError) -> [MetadataEntry] {
    var reader = try RecordLabels.begin(record, .metadata)
    var entries: [MetadataEntry] = []
    do throws(ByteReaderError) {
      while !reader.isAtEnd {
        let ref = SeriesRef(try reader.uvarint())
        var metadata = MetricMetadata(kind: kind(of: try reader.u8()))
        for _ in 0..<(try reader.uvarint()) {
          let name = try reader.uvarintString()
          let value = try reader.uvarintString()
          switch name {
          case "UNIT": metadata.unit = value
          case "HELP": metadata.help = value
          default: break  // A field that later versions know.
          }
        }
        entries.append(MetadataEntry(ref: ref, metadata: metadata))
      }
    } catch {
      throw .malformed(error)
    }
    return entries
  }

  private static let kinds: [MetricMetadata.Kind] = [
    .unknown, .counter, .gauge, .histogram, .gaugeHistogram, .summary, .info, .stateSet,
  ]

  static func byte(of kind: MetricMetadata.Kind) -> UInt8 {
    UInt8(kinds.firstIndex(of: kind) ?? 0)
  }

  static func kind(of byte: UInt8) -> MetricMetadata.Kind {
    Int(byte) < kinds.count ? kinds[Int(byte)] : .unknown
  }
}
