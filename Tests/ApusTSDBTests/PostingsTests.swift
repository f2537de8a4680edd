import ApusModel
import ApusStorage
import ApusTSDB
import Testing

@Suite struct PostingsTests {
  static func random(_ random: SeededRandom, _ count: Int, below: Int) -> [UInt32] {
    Array(Set((0..<count).map { _ in UInt32(random.below(below)) })).sorted()
  }

  /// Lengths and densities around the borders between the algorithms.
  static let shapes: [(Int, Int, Int)] = [
    (0, 0, 10), (0, 5, 10), (1, 1, 2), (3, 100, 200), (100, 3, 200), (100, 100, 120),
    (10, 5_000, 6_000), (5_000, 10, 6_000), (1_000, 1_000, 1 << 31), (2, 4_000, 4_100),
  ]

  @Test(arguments: shapes.indices)
  func `set operations agree with sets`(shape: Int) {
    let (a, b, below) = Self.shapes[shape]
    let random = SeededRandom(UInt64(shape))
    for _ in 0..<40 {
      let x = Self.random(random, a, below: below)
      let y = Self.random(random, b, below: below)
      let both = Set(x).intersection(y).sorted()
      #expect(PostingsAlgebra.intersect(x, y) == both)
      #expect(PostingsAlgebra.intersects(x.span, y.span) == !both.isEmpty)
      #expect(
        PostingsAlgebra.subtract(y.span, from: x.span) == Set(x).subtracting(y).sorted())
      #expect(PostingsAlgebra.merge([x, y]) == Set(x).union(y).sorted())
    }
  }

  @Test(arguments: [1 << 8, 1 << 16, 1 << 31])
  func `the union of many lists agrees with a set`(below: Int) {
    let random = SeededRandom(UInt64(below))
    for lists in [0, 1, 2, 3, 5, 64, 257] {
      let all = (0..<lists).map { _ in Self.random(random, random.below(50), below: below) }
      let wanted = all.reduce(into: Set<UInt32>()) { $0.formUnion($1) }.sorted()
      #expect(PostingsAlgebra.merge(all) == wanted)
    }
    #expect(PostingsAlgebra.merge([[0, .max], [.max], [0]]) == [0, .max])
  }

  @Test func `a lower bound is found from any place before it`() {
    let random = SeededRandom(5)
    let ids = Self.random(random, 500, below: 3_000)
    for _ in 0..<2_000 {
      let id = UInt32(random.below(3_100))
      let wanted = ids.firstIndex { $0 >= id } ?? ids.count
      let from = random.below(wanted + 1)
      #expect(PostingsAlgebra.lowerBound(ids.span, id, from: from) == wanted)
    }
  }
}

@Suite struct PostingsSelectionTests {
  /// Series with labels a, b, c of few and many values; some lack one.
  static let series: [Labels] = {
    let random = SeededRandom(3)
    var all = Set<Labels>()
    for _ in 0..<400 {
      var builder = LabelsBuilder()
      builder.set("a", ["", "x", "y", "xy", "xyz", "z"][random.below(6)])
      builder.set("b", random.below(4) == 0 ? "" : "v\(random.below(150))")
      builder.set("c", ["", "1", "2"][random.below(3)])
      all.insert(builder.labels())
    }
    return all.sorted()
  }()

  static let matchers: [(LabelMatcher.Kind, String, String)] = {
    var all: [(LabelMatcher.Kind, String, String)] = []
    for kind in [LabelMatcher.Kind.equal, .notEqual] {
      for name in ["a", "b", "c", "missing"] {
        for value in ["", "x", "xy", "v7", "v149", "1", "nowhere"] {
          all.append((kind, name, value))
        }
      }
    }
    let patterns = [
      "", ".*", ".+", "x", "x|y", "x|", "|", "x.*", "x.+", "xy.+", "v1.*", "v1.+", "nowhere.*",
      "v(1|2).?", "v[0-9]", "(?i)X", ".*y.*", "[^x].*", "x?", "z|zz|x|x",
    ]
    for kind in [LabelMatcher.Kind.regex, .notRegex] {
      for name in ["a", "b", "missing"] {
        for pattern in patterns { all.append((kind, name, pattern)) }
      }
    }
    return all
  }()

  static func check<Source: PostingsSource>(
    _ source: Source, _ ids: [UInt32], _ matchers: [LabelMatcher]
  ) throws {
    let found = try PostingsSelection(source).select(matchers)
    let wanted = zip(series, ids).filter { pair in
      matchers.allSatisfy { $0.matches(pair.0) }
    }.map(\.1)
    #expect(found == wanted, "\(matchers)")
  }

  @Test func `one matcher selects what it matches`() throws {
    let source = ModelIndex(Self.series)
    for (kind, name, value) in Self.matchers {
      try Self.check(source, source.ids, [try LabelMatcher(kind, name, value)])
    }
    try Self.check(source, source.ids, [])
  }

  @Test func `several matchers select what all of them match`() throws {
    let source = ModelIndex(Self.series)
    let random = SeededRandom(11)
    for _ in 0..<600 {
      let chosen = try (0..<(random.below(4) + 2)).map { _ in
        let (kind, name, value) = Self.matchers[random.below(Self.matchers.count)]
        return try LabelMatcher(kind, name, value)
      }
      try Self.check(source, source.ids, chosen)
    }
  }

  @Test func `few candidates are asked for their labels instead of reading long lists`() throws {
    var series: [Labels] = []
    for number in 0..<2_000 {
      series.append(["__name__": "many", "id": "\(number)", "zone": "z\(number % 2)"])
    }
    let source = ModelIndex(series.sorted())
    let matchers: [LabelMatcher] = [
      .equal("__name__", "many"), .equal("id", "77"), try LabelMatcher(.regex, "zone", "z[13]"),
    ]
    #expect(try PostingsSelection(source).select(matchers).count == 1)
    #expect(source.idsRead.count == 1)
  }

  @Test func `value dictionaries are searched by bytes`() {
    let texts = ["", "a", "a\u{301}", "ab", "b", "é"].sorted {
      compareBytes($0.utf8.span, $1.utf8.span) < 0
    }
    let values = ModelValues(texts: texts, lists: texts.map { _ in [1] }, idsRead: IDCount())
    for (index, text) in texts.enumerated() { #expect(values.index(of: text) == index) }
    // The same to a reader, other bytes.
    #expect(values.index(of: "e\u{301}") == nil)
    #expect(values.range(withPrefix: "a") == 1..<4)
    #expect(values.range(withPrefix: "") == 0..<6)
    #expect(values.range(withPrefix: "c").isEmpty)
    #expect(values.value(5) == "é")
  }
}

/// How many ids were read from postings.
final class IDCount { var count = 0 }

/// An index made of dictionaries.
struct ModelIndex: PostingsSource {
  let series: [Labels]
  let ids: [UInt32]
  let idsRead = IDCount()
  private var lists: [String: [String: [UInt32]]] = [:]

  init(_ series: [Labels]) {
    self.series = series
    ids = series.indices.map { UInt32($0 * 3 + 5) }
    for (labels, id) in zip(series, ids) {
      for label in labels { lists[label.name, default: [:]][label.value, default: []].append(id) }
    }
  }

  func values(of name: String) throws(StorageError) -> ModelValues? {
    guard let values = lists[name] else { return nil }
    let texts = values.keys.sorted { compareBytes($0.utf8.span, $1.utf8.span) < 0 }
    return ModelValues(texts: texts, lists: texts.map { values[$0] ?? [] }, idsRead: idsRead)
  }

  func allPostings() throws(StorageError) -> [UInt32] { ids }

  func keepMatching(
    _ ids: inout [UInt32], _ matchers: [LabelMatcher]
  ) throws(StorageError) {
    ids.removeAll { id in
      !matchers.allSatisfy { $0.matches(series[Int(id - 5) / 3]) }
    }
  }
}

struct ModelValues: LabelValues {
  let texts: [String]
  let lists: [[UInt32]]
  let idsRead: IDCount

  var count: Int { texts.count }

  func withValue<Result>(_ index: Int, _ body: (Span<UInt8>) -> Result) -> Result {
    body(texts[index].utf8.span)
  }

  func postingsCount(_ index: Int) -> Int { lists[index].count }

  func appendPostings(_ index: Int, to ids: inout [UInt32]) throws(StorageError) {
    idsRead.count += lists[index].count
    ids += lists[index]
  }
}
