package import ApusModel
internal import ApusSystem

// | 1 | series | series | ... |
//   series: ref BE64 | n uvarint | n x (name, value) |     a string: length uvarint, bytes

extension WALBatch {
  /// One record that names some of `series`, under refs that ascend by one.
  package mutating func addSeries(firstRef: UInt64, _ series: [Labels], _ indices: [Int]) {
    add(.series) { writer in
      for (i, index) in indices.enumerated() {
        writer.be64(firstRef + UInt64(i))
        let bytes = series[index].bytes
        RecordLabels.encode(bytes.span, &writer)
      }
    }
  }

  /// One record that names series. Samples may refer to them in later records only.
  package mutating func addSeries(_ refs: [SeriesRef], _ labels: [Labels]) {
    precondition(refs.count == labels.count, "\(refs.count) refs, \(labels.count) label sets")
    add(.series) { writer in
      for (i, ref) in refs.enumerated() {
        writer.be64(ref.number)
        let bytes = labels[i].bytes
        RecordLabels.encode(bytes.span, &writer)
      }
    }
  }
}

package enum SeriesRecords {
  /// Hands each series of a record to `body`: its ref and its encoded labels (`Labels.bytes`),
  /// which are borrowed.
  package static func decode(
    _ record: Span<UInt8>, _ body: (SeriesRef, Span<UInt8>) -> Void
  ) throws(RecordError) {
    var reader = try RecordLabels.begin(record, .series)
    var encoder = LabelsEncoder()
    while !reader.isAtEnd {
      let ref = try RecordLabels.checked { () throws(ByteReaderError) in try reader.be64() }
      let start = reader.offset
      if let range = try RecordLabels.range(&reader) {
        body(SeriesRef(ref), record.extracting(range))
        continue
      }
      try RecordLabels.seek(&reader, to: start)
      encoder.removeAll()
      try RecordLabels.decode(&reader, &encoder)
      body(SeriesRef(ref), encoder.bytes.span)
    }
  }
}

/// Label sets inside records.
enum RecordLabels {
  static func encode(_ labels: Span<UInt8>, _ writer: inout ByteWriter) {
    var count = 0
    var isShort = true
    var counting = LabelsCursor()
    while counting.advance(in: labels) {
      count += 1
      if counting.name.count > 127 || counting.value.count > 127 { isShort = false }
    }
    writer.uvarint(UInt64(count))
    // The length of a short text is the same byte in both encodings.
    guard !isShort else { return writer.append(labels) }
    var cursor = LabelsCursor()
    while cursor.advance(in: labels) {
      writer.uvarintBytes(labels.extracting(cursor.name))
      writer.uvarintBytes(labels.extracting(cursor.value))
    }
  }

  /// Where in the record a label set stands that is in the encoding of `Labels` as well: names
  /// ascend, no value is empty, and no text has more than 127 bytes, so that its length is the same
  /// byte in both: unless that length was written in more bytes than it needs. Nil for others.
  @_lifetime(reader: copy reader)
  static func range(_ reader: inout ByteReader) throws(RecordError) -> Range<Int>? {
    do throws(ByteReaderError) {
      let count = try reader.uvarint()
      let start = reader.offset
      guard count > 0 else { return start..<start }
      var last = try reader.uvarintSlice()
      var name = last
      var left = count
      var bytes = 0
      while true {
        let value = try reader.uvarintSlice()
        bytes += 2 + name.count + value.count
        guard name.count < 128, value.count < 128, !value.isEmpty else { return nil }
        left -= 1
        guard left > 0 else {
          return reader.offset - start == bytes ? start..<reader.offset : nil
        }
        name = try reader.uvarintSlice()
        guard compareBytes(last, name) < 0 else { return nil }
        last = name
      }
    } catch {
      throw .malformed(error)
    }
  }

  @_lifetime(reader: copy reader)
  static func seek(_ reader: inout ByteReader, to offset: Int) throws(RecordError) {
    do throws(ByteReaderError) { try reader.seek(to: offset) } catch { throw .malformed(error) }
  }

  /// Reads n and n pairs. Prometheus writes names in ascending order and no empty values; what is
  /// written otherwise is put right.
  @_lifetime(reader: copy reader)
  static func decode(
    _ reader: inout ByteReader, _ encoder: inout LabelsEncoder
  ) throws(RecordError) {
    let start = reader.offset
    guard try decodeSorted(&reader, &encoder) else {
      try seek(&reader, to: start)
      return try decodeUnsorted(&reader, &encoder)
    }
  }

  @_lifetime(reader: copy reader)
  private static func decodeSorted(
    _ reader: inout ByteReader, _ encoder: inout LabelsEncoder
  ) throws(RecordError) -> Bool {
    do throws(ByteReaderError) {
      var left = try reader.uvarint()
      guard left > 0 else { return true }
      var last = try reader.uvarintSlice()
      var name = last
      while true {
        let value = try reader.uvarintSlice()
        guard name.count < 1 << 24 && value.count < 1 << 24 else { return false }
        if !value.isEmpty { encoder.append(name: name, value: value) }
        left -= 1
        guard left > 0 else { return true }
        name = try reader.uvarintSlice()
        guard compareBytes(last, name) < 0 else { return false }
        last = name
      }
    } catch {
      throw .malformed(error)
    }
  }

  @_lifetime(reader: copy reader)
  private static func decodeUnsorted(
    _ reader: inout ByteReader, _ encoder: inout LabelsEncoder
  ) throws(RecordError) {
    encoder.removeAll()
    var labels: [Label] = []
    do throws(ByteReaderError) {
      for _ in 0..<(try reader.uvarint()) {
        let name = try reader.uvarintString()
        labels.append(Label(name, try reader.uvarintString()))
      }
    } catch {
      throw .malformed(error)
    }
    if let long = labels.map({ max($0.name.utf8.count, $0.value.utf8.count) }).max(),
      long >= 1 << 24
    {
      throw .labelTooLong(long)
    }
    for label in Labels(labels) {
      encoder.append(name: label.name.utf8.span, value: label.value.utf8.span)
    }
  }

  /// A reader behind the type byte.
  @_lifetime(copy record)
  static func begin(_ record: Span<UInt8>, _ type: RecordType) throws(RecordError) -> ByteReader {
    guard RecordType(of: record) == type else {
      throw .wrongType(record.isEmpty ? 0 : record[0])
    }
    return ByteReader(record, at: 1)
  }

  @inline(__always)
  static func checked<T>(_ body: () throws(ByteReaderError) -> T) throws(RecordError) -> T {
    do throws(ByteReaderError) { return try body() } catch { throw .malformed(error) }
  }
}
