package import ApusSystem

/// Records that are to be logged together. Keep one, and empty it instead of making another.
///
/// The `add...` methods that make records of each type stand beside their decoders:
/// SeriesRecords, SampleRecords, HistogramRecords, OtherRecords.
package struct WALBatch: ~Copyable {
  private var writer = ByteWriter(capacityBytes: 4096)
  private var ends: [Int] = []

  package init() {}

  package var recordCount: Int { ends.count }

  package var isEmpty: Bool { ends.isEmpty }

  package var byteCount: Int { writer.count }

  package mutating func removeAll() {
    writer.removeAll()
    ends.removeAll(keepingCapacity: true)
  }

  /// The bytes of a record.
  @_lifetime(borrow self)
  package func record(_ index: Int) -> Span<UInt8> {
    writer.span.extracting((index == 0 ? 0 : ends[index - 1])..<ends[index])
  }

  /// Adds a record as it stands.
  package mutating func add(_ record: Span<UInt8>) {
    writer.append(record)
    ends.append(writer.count)
  }

  /// Adds a record that `body` writes behind the type.
  @inline(__always)
  package mutating func add(_ type: RecordType, _ body: (inout ByteWriter) -> Void) {
    writer.u8(type.rawValue)
    body(&writer)
    ends.append(writer.count)
  }
}
