package import ApusModel

/// Reads a scraped body entry by entry, without copying: series are byte ranges of the body, and
/// labels are decoded only when asked for. Takes time linear in the size of the body.
///
/// Accepts and refuses what Prometheus does (model/textparse), with its error texts.
package struct ExpositionParser: ~Escapable {
  package let format: ExpositionFormat
  let body: Span<UInt8>
  /// Where the next token begins.
  package internal(set) var at = 0
  var tokenStart = 0
  /// Where the current entry begins.
  var entryStart = 0
  var state = LexerState.initial

  /// Name and labels of the current sample as they stand in the body, and so the key of caches.
  package internal(set) var series = 0..<0
  package internal(set) var value = 0.0
  /// The sample's own time in ms; nil where the target gave none.
  package internal(set) var timeMs: Int64?
  /// The kind that the last `# TYPE` line gave.
  package internal(set) var metadataKind = MetricMetadata.Kind.unknown
  /// Byte ranges: the metric name, then name and value of each label; start and end of each.
  var parts: [Int] = []
  var text = 0..<0
  var foundExemplar = FoundExemplar()

  struct FoundExemplar {
    var isThere = false
    var parts: [Int] = []
    var value = 0.0
    var timeMs: Int64?
  }

  @_lifetime(copy body)
  package init(_ body: Span<UInt8>, format: ExpositionFormat, kind: MetricMetadata.Kind = .unknown)
  {
    self.body = body
    self.format = format
    metadataKind = kind
  }

  /// Moves on to the next entry.
  package mutating func next() throws(ExpositionError) -> Entry {
    switch format {
    case .text: try nextText()
    case .openMetrics: try nextOpenMetrics()
    case .protobuf: throw ExpositionError(Self.notText)
    }
  }

  /// Takes the bytes `start..<end` as the name and labels of a sample, because they are those of a
  /// sample that was read before, and reads what follows them. `labels()` may not be called.
  package mutating func resume(series start: Int, _ end: Int) throws(ExpositionError) {
    entryStart = start
    series = start..<end
    timeMs = nil
    foundExemplar.isThere = false
    if let (number, next) = quickSample(body, end) {
      value = number
      at = next
      state = .initial
      return
    }
    parts.removeAll(keepingCapacity: true)
    parts.append(start)
    at = end
    state = .value
    switch format {
    case .text: try readTextSuffix(nextTextToken())
    case .openMetrics: try readOpenMetricsSuffix(lexOpenMetrics())
    case .protobuf: throw ExpositionError(Self.notText)
    }
  }

  /// Skips to `position`, the beginning of an entry.
  package mutating func skip(to position: Int) {
    at = position
    state = .initial
  }

  /// Skips line ends, which the text format allows between entries.
  @inline(__always)
  package mutating func skipBlankLines() {
    while at < body.count, body[at] == newline { at += 1 }
  }

  /// Sets the kind that a `# TYPE` line gave which was skipped.
  package mutating func setKind(_ kind: MetricMetadata.Kind) { metadataKind = kind }

  private static let notText = "protobuf is read by MetricFamilyReader"

  package var hasExemplar: Bool { foundExemplar.isThere }
}

extension ExpositionParser {
  /// The metric that a `# HELP`, `# TYPE` or `# UNIT` line is about.
  package var metadataName: String { string(parts[0], parts[1]) }

  /// The text of a `# HELP` or `# UNIT` line, unescaped.
  package func metadataText() -> String {
    unescaped(text.lowerBound, text.upperBound, quotes: format == .openMetrics)
  }

  /// The labels of the current sample, the metric name among them. `le` of histograms and
  /// `quantile` of summaries are written as floats (`1` becomes `1.0`).
  package func labels() throws(ExpositionError) -> Labels {
    var pairs: [Label] = []
    pairs.reserveCapacity(parts.count / 4 + 1)
    pairs.append(Label(LabelNames.metricName, try name(parts[0], parts[1])))
    var i = 2
    while i + 3 < parts.count {
      let name = try name(parts[i], parts[i + 1])
      let value = unescaped(parts[i + 2], parts[i + 3], quotes: true)
      pairs.append(Label(name, normalized(value, of: name)))
      i += 4
    }
    return try sorted(pairs)
  }

  /// The labels of the current sample that are given an empty value. No label set holds them, but
  /// a target that says so wants them to be empty, whatever its own labels are.
  package func emptyLabelNames() -> [String] {
    var names: [String] = []
    var i = 2
    while i + 3 < parts.count {
      if parts[i + 2] == parts[i + 3] {
        names.append(unescaped(parts[i], parts[i + 1], quotes: true))
      }
      i += 4
    }
    return names
  }

  /// The exemplar of the current sample; nil where it has none.
  package func exemplar() throws(ExpositionError) -> Exemplar? {
    guard foundExemplar.isThere else { return nil }
    var pairs: [Label] = []
    var i = 0
    while i + 3 < foundExemplar.parts.count {
      let p = foundExemplar.parts
      let value = unescaped(p[i + 2], p[i + 3], quotes: true)
      pairs.append(Label(try name(p[i], p[i + 1]), value))
      i += 4
    }
    return Exemplar(
      labels: try sorted(pairs), value: foundExemplar.value, timeMs: foundExemplar.timeMs)
  }

  private func sorted(_ pairs: [Label]) throws(ExpositionError) -> Labels {
    let (labels, duplicate) = uniqueLabels(pairs)
    guard let duplicate else { return labels }
    throw failure("label name \(GoQuote.quote(duplicate)) is not unique: invalid sample")
  }

  /// Label values are checked when they are read, names here.
  private func name(_ start: Int, _ end: Int) throws(ExpositionError) -> String {
    let bytes = copy(start, end)
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw failure("invalid UTF-8 name: \(quoted(bytes))")
    }
    return unescaped(start, end, quotes: true)
  }

  private func normalized(_ value: String, of name: String) -> String {
    let isNumber =
      metadataKind == .histogram && name == LabelNames.bucket
      || metadataKind == .summary && name == LabelNames.quantile
    guard isNumber, let number = try? FloatText.parse(value) else { return value }
    return openMetricsFloat(number)
  }

  /// The text with `\\`, `\n` and, if `quotes`, `\"` replaced; other backslashes stay.
  private func unescaped(_ start: Int, _ end: Int, quotes: Bool) -> String {
    var i = start
    while i < end, body[i] != backslash { i += 1 }
    guard i < end else { return string(start, end) }
    var out = copy(start, i)
    while i < end {
      let byte = body[i]
      let next = byte == backslash && i + 1 < end ? body[i + 1] : 0
      switch next {
      case backslash: out.append(backslash)
      case UInt8(ascii: "n"): out.append(newline)
      case doubleQuote where quotes: out.append(doubleQuote)
      default:
        out.append(byte)
        i += 1
        continue
      }
      i += 2
    }
    return String(decoding: out, as: UTF8.self)
  }

  func string(_ start: Int, _ end: Int) -> String {
    String(decoding: copy(start, end), as: UTF8.self)
  }

  /// The bytes of the body, with the line end that is implied at the end of the text format.
  func copy(_ start: Int, _ end: Int) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(max(0, end - start))
    var i = start
    while i < end {
      out.append(i < body.count ? body[i] : newline)
      i += 1
    }
    return out
  }
}

extension ExpositionParser {
  func failure(_ text: String) -> ExpositionError {
    var line = 1
    for i in 0..<min(tokenStart, body.count) where body[i] == newline { line += 1 }
    return ExpositionError(text, line: line)
  }

  /// Prometheus's sentence about a token that may not stand here.
  func unexpected(_ expectation: String, _ token: Token) -> ExpositionError {
    let end = min(byteCount, at + 1)
    return failure(
      "\(expectation), got \(quoted(copy(tokenStart, end))) (\"\(token.rawValue)\") while parsing: "
        + quoted(copy(entryStart, end)))
  }

  /// For errors about something inside of the entry.
  func whileParsing(_ text: String) -> ExpositionError {
    failure("\(text) while parsing: \(quoted(copy(entryStart, at)))")
  }

  /// Prometheus's parseFloat: Go's, but for hexadecimal and digit separators.
  func number(_ start: Int, _ end: Int) throws(ExpositionError) -> Double {
    if let (number, next) = quickNumber(body, start), next == end { return number }
    if let number = FloatText.parseExposition(body.extracting(start..<end)) {
      // Only one NaN is ever stored but for the stale marker.
      return number.isNaN ? StaleMarker.normalNaN : number
    }
    let text = copy(start, end)
    if text.contains(where: { $0 | 0x20 == UInt8(ascii: "p") || $0 == UInt8(ascii: "_") }) {
      throw whileParsing("unsupported character in float")
    }
    do throws(FloatText.ParseFailure) {
      _ = try FloatText.parse(text.span)
      throw .syntax
    } catch {
      let reason = error == .range ? "value out of range" : "invalid syntax"
      throw whileParsing("strconv.ParseFloat: parsing \(quoted(text)): \(reason)")
    }
  }
}

let newline = UInt8(ascii: "\n")
let backslash = UInt8(ascii: "\\")
let doubleQuote = UInt8(ascii: "\"")

/// The pairs as labels, and a name that two of them have, if there is one. A label that is given
/// an empty value is not there, whatever else is said of it.
func uniqueLabels(_ pairs: [Label]) -> (labels: Labels, duplicate: String?) {
  let labels = Labels(pairs)
  guard labels.count < pairs.count else { return (labels, nil) }
  let absent = Set(pairs.lazy.filter { $0.value.isEmpty }.map { Array($0.name.utf8) })
  let present = pairs.filter { !absent.contains(Array($0.name.utf8)) }
  var names = Set<[UInt8]>()
  let duplicate = present.first { !names.insert(Array($0.name.utf8)).inserted }
  return (Labels(present), duplicate?.name)
}
