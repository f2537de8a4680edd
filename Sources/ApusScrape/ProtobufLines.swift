internal import ApusExposition
internal import ApusModel
internal import ApusSystem

/// The series of a protobuf body, one after another, with the place of what names each of them.
///
/// A series is named by the name and kind of its family, the bytes of its metric's labels, the
/// part of the metric that it is, and the bound of a bucket or quantile.
struct ProtobufLines: Sendable {
  /// A range of the body.
  struct Text: Sendable, Equatable {
    var start: UInt32
    var count: UInt32

    init(_ range: Range<Int>) {
      start = UInt32(truncatingIfNeeded: range.lowerBound)
      count = UInt32(truncatingIfNeeded: range.count)
    }

    var range: Range<Int> { Int(start)..<(Int(start) + Int(count)) }
  }

  struct Family: Sendable {
    var name: Text
    var help: Text
    var unit: Text
    var kind: MetricMetadata.Kind
    /// Among the metadata of the target.
    var number: Int32
  }

  struct Line: Sendable {
    var labels: Text
    /// Index into `families`.
    var family: Int32
    var slot: Int32
    /// The bits of the bound; 0 for none.
    var bound: UInt64
    var part: SeriesPart
  }

  var families: [Family] = []
  var lines: [Line] = []

  /// Of all that names a series.
  func hash(_ line: Line, _ body: Span<UInt8>) -> UInt32 {
    let family = families[Int(line.family)]
    var hash = XXHash64.hash(body.extracting(line.labels.range))
    hash = hash &* 31 &+ XXHash64.hash(body.extracting(family.name.range))
    hash = (hash ^ line.bound) &* 0x9E37_79B9_7F4A_7C15
    hash = (hash &+ UInt64(line.part.rawValue)) &* 0x9E37_79B9_7F4A_7C15
    return UInt32(truncatingIfNeeded: hash >> 32)
  }

  /// Whether two lines name one series.
  static func areSame(
    _ a: ProtobufLines, _ x: Line, _ aBody: Span<UInt8>,
    _ b: ProtobufLines, _ y: Line, _ bBody: Span<UInt8>
  ) -> Bool {
    guard x.part == y.part, x.bound == y.bound else { return false }
    return areEqual(aBody, x.labels, bBody, y.labels)
      && a.families[Int(x.family)].isSame(b.families[Int(y.family)], aBody, bBody)
  }

  static func areEqual(_ a: Span<UInt8>, _ x: Text, _ b: Span<UInt8>, _ y: Text) -> Bool {
    x.count == y.count
      && bytesAreEqual(a, Int(x.start), b, Int(y.start), count: Int(x.count))
  }
}

extension ProtobufLines.Family {
  func isSame(_ other: Self, _ body: Span<UInt8>, _ otherBody: Span<UInt8>) -> Bool {
    kind == other.kind && ProtobufLines.areEqual(body, name, otherBody, other.name)
  }
}
