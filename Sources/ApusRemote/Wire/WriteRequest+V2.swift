// io.prometheus.write.v2.Request of remote write 2.0, protobuf:
//
//     Request      4 symbols string (repeated), 5 TimeSeries (repeated)
//     TimeSeries   1 labels_refs uint32 (packed), 2 Sample, 3 Histogram, 4 Exemplar (repeated),
//                  5 Metadata
//     Sample       1 value double, 2 timestamp int64 (ms), 3 start_timestamp int64 (not stored)
//     Exemplar     1 labels_refs uint32 (packed), 2 value double, 3 timestamp int64 (ms)
//     Metadata     1 type (of the list below), 3 help_ref, 4 unit_ref uint32; stored as labels
//                  only, where that is wanted
//
// Labels are pairs of numbers of symbols: name, value, name, value. A histogram is that of 1.0.
//
// Source: Prometheus, prompb/io/prometheus/write/v2/types.proto.

internal import ApusModel
internal import ApusStorage
internal import ApusSystem

extension WriteRequest {
  mutating func decodeV2(_ bytes: borrowing ByteWriter) throws(ProtobufError) {
    try decodeV2(bytes.span)
  }

  /// Reads a whole request into the columns, which must be empty. Each symbol is hashed once, and
  /// a series has the hash of its symbols' hashes: its labels need not be read to find it.
  mutating func decodeV2(_ bytes: Span<UInt8>) throws(ProtobufError) {
    hasSymbols = true
    try readSymbols(bytes)
    var reader = ProtobufReader(bytes)
    while try reader.next() {
      guard reader.field == 5 else { continue }
      let series = try reader.bytes()
      try decodeSeriesV2(series, startingAt: reader.offset - series.count, bytes)
    }
  }

  private mutating func readSymbols(_ bytes: Span<UInt8>) throws(ProtobufError) {
    var reader = ProtobufReader(bytes)
    while try reader.next() {
      guard reader.field == 4 else { continue }
      let symbol = try reader.bytes()
      let end = reader.offset
      guard symbols.count < Limits.symbolsMax else {
        throw .badFieldNumber(offset: end)
      }
      symbols.append(
        Int32(truncatingIfNeeded: end - symbol.count)..<Int32(truncatingIfNeeded: end))
      symbolHashes.append(XXHash64.hash(symbol))
    }
  }

  private mutating func decodeSeriesV2(
    _ bytes: Span<UInt8>, startingAt start: Int, _ all: Span<UInt8>
  ) throws(ProtobufError) {
    let position = hashes.count
    var hash: UInt64 = 0x2545_F491_4F6C_DD1D
    var block = 0..<0
    var metadata = SeriesTypeAndUnit()
    var reader = ProtobufReader(bytes)
    while try reader.next() {
      switch reader.field {
      case 1 where reader.wireType == .bytes:
        // Parts of one list may stand apart; the last one with anything in it is taken.
        let refs = try reader.bytes()
        block = (reader.offset - refs.count)..<reader.offset
        hash = try hashOf(refs, position)
      case 2: try decodeSample(try reader.bytes())
      case 3:
        add(try HistogramWire.decode(try reader.bytes()))
      case 4:
        if let exemplar = try decodeExemplarV2(try reader.bytes(), all) {
          exemplars.append((series: position, exemplar: exemplar))
        }
      case 5 where addsTypeAndUnit: metadata = try decodeMetadata(try reader.bytes(), all)
      default: break
      }
    }
    if metadata != SeriesTypeAndUnit() {
      typesAndUnits[position] = metadata
      hash = (hash ^ metadata.hash) &* 0x9FB2_1C65_1E98_DF25
    }
    hashes.append(hash)
    labelBlocks.append(
      Int32(
        truncatingIfNeeded: start + block.lowerBound)..<Int32(
          truncatingIfNeeded: start + block.upperBound))
    endSeries()
  }

  /// The hash of the symbols of a series; what is wrong with their numbers is noted.
  private mutating func hashOf(
    _ refs: Span<UInt8>, _ position: Int
  ) throws(ProtobufError) -> UInt64 {
    var hash: UInt64 = 0x9E37_79B9_7F4A_7C15
    var numbers = SymbolNumbers(refs)
    var count = 0
    while let number = try numbers.next() {
      count += 1
      guard number < UInt64(symbolHashes.count) else {
        problems[position] =
          "parsing labels for series: labelRefs \(count - 1) = \(number) outside of symbols table "
          + "(size \(symbolHashes.count))"
        return UInt64(position) ^ UInt64.max
      }
      hash = (hash ^ symbolHashes[Int(number)]) &* 0x9FB2_1C65_1E98_DF25
      hash ^= hash >> 29
    }
    if count % 2 != 0 {
      problems[position] = "parsing labels for series: invalid labelRefs length \(count)"
    }
    return hash
  }

  /// What a series says of its type and unit; a unit that is no symbol is none.
  private func decodeMetadata(
    _ bytes: Span<UInt8>, _ all: Span<UInt8>
  ) throws(ProtobufError) -> SeriesTypeAndUnit {
    var metadata = SeriesTypeAndUnit()
    var reader = ProtobufReader(bytes)
    while try reader.next() {
      switch reader.field {
      case 1: metadata.kind = SeriesTypeAndUnit.kind(try reader.uint64())
      case 4:
        let number = try reader.uint64()
        guard number < UInt64(symbols.count) else { continue }
        let symbol = symbols[Int(number)]
        let text = all.extracting(Int(symbol.lowerBound)..<Int(symbol.upperBound))
        guard let unit = try? UTF8Span(validating: text) else { continue }
        metadata.unit = String(copying: unit)
      default: break
      }
    }
    return metadata
  }

  /// Nil where its labels can not be read.
  private func decodeExemplarV2(
    _ bytes: Span<UInt8>, _ all: Span<UInt8>
  ) throws(ProtobufError) -> Exemplar? {
    var value = 0.0
    var timeMs: Int64 = 0
    var refs: [UInt64] = []
    var reader = ProtobufReader(bytes)
    while try reader.next() {
      switch reader.field {
      case 1: try reader.appendVarints(to: &refs)
      case 2: value = try reader.double()
      case 3: timeMs = try reader.int64()
      default: break
      }
    }
    guard let labels = labels(refs, all) else { return nil }
    return Exemplar(labels: labels, value: value, timeMs: timeMs)
  }

  /// The labels of a block of numbers of symbols; nil where it names none that may be.
  func symbolLabels(
    _ bytes: borrowing ByteWriter, _ block: Range<Int32>
  ) throws(ProtobufError) -> Labels? {
    let all = bytes.span
    var refs: [UInt64] = []
    var numbers = SymbolNumbers(all.extracting(Int(block.lowerBound)..<Int(block.upperBound)))
    while let number = try numbers.next() { refs.append(number) }
    return labels(refs, all)
  }

  /// The labels that numbers of symbols name; nil where some may not be.
  private func labels(_ refs: [UInt64], _ all: Span<UInt8>) -> Labels? {
    guard refs.count % 2 == 0, refs.count <= 2 * Limits.labelsMax else { return nil }
    var texts: [String] = []
    for ref in refs {
      guard ref < UInt64(symbols.count) else { return nil }
      let symbol = symbols[Int(ref)]
      let bytes = all.extracting(Int(symbol.lowerBound)..<Int(symbol.upperBound))
      guard let text = try? UTF8Span(validating: bytes) else { return nil }
      texts.append(String(copying: text))
    }
    var pairs: [Label] = []
    for i in stride(from: 0, to: texts.count, by: 2) {
      guard !texts[i].isEmpty else { return nil }
      pairs.append(Label(texts[i], texts[i + 1]))
    }
    let labels = Labels(pairs)
    // Of two labels with one name neither is right; empty ones are none.
    let present = pairs.reduce(0) { $0 + ($1.value.isEmpty ? 0 : 1) }
    return labels.count == present ? labels : nil
  }
}

/// What a series of protocol 2.0 says of its metric family.
struct SeriesTypeAndUnit: Sendable, Equatable {
  var kind = MetricMetadata.Kind.unknown
  var unit = ""

  /// By the numbers of the wire.
  private static let kinds: [MetricMetadata.Kind] = [
    .unknown, .counter, .gauge, .histogram, .gaugeHistogram, .summary, .info, .stateSet,
  ]

  static func kind(_ number: UInt64) -> MetricMetadata.Kind {
    number < UInt64(kinds.count) ? kinds[Int(number)] : .unknown
  }

  var hash: UInt64 { XXHash64.hash("\(kind.rawValue) \(unit)".utf8.span) }
}

/// The numbers of a packed list.
struct SymbolNumbers: ~Escapable {
  private var reader: ByteReader

  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>) { reader = ByteReader(bytes) }

  /// Nil at the end.
  @_lifetime(self: copy self)
  mutating func next() throws(ProtobufError) -> UInt64? {
    guard !reader.isAtEnd else { return nil }
    do throws(ByteReaderError) { return try reader.uvarint() } catch { throw .malformed(error) }
  }
}
