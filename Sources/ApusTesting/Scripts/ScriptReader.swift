internal import ApusModel
internal import ApusPromQLSyntax

/// From the text of a script to its commands.
struct ScriptReader {
  private let lines: [String]
  private var at = 0

  init(_ text: String) {
    lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      let trimmed = line.trimmed
      return trimmed.hasPrefix("#") ? "" : trimmed
    }
  }

  mutating func readAll() throws(Script.Failure) -> [Script.Command] {
    var commands: [Script.Command] = []
    while at < lines.count {
      let line = lines[at]
      let word = String(line.prefix { $0 != " " && $0 != "\t" })
      if line.isEmpty {
        at += 1
      } else if word == "clear" {
        commands.append(.clear)
        at += 1
      } else if word.hasPrefix("load") {
        commands.append(.load(try load(line)))
      } else if word.hasPrefix("eval") {
        commands.append(.evaluate(try evaluation(line, word)))
      } else {
        throw failure("not a command: \(line)")
      }
    }
    return commands
  }

  private func failure(_ text: String) -> Script.Failure {
    Script.Failure(description: "line \(at + 1): \(text)")
  }

  private func duration(_ text: String) throws(Script.Failure) -> Int64 {
    if let seconds = Double(text) { return Int64(seconds * 1000) }
    do throws(DurationText.Failure) {
      return try DurationText.parseAllowingNegative(text)
    } catch {
      throw failure("\(error)")
    }
  }

  /// The lines of the block below the current one.
  private mutating func block() -> [String] {
    at += 1
    let start = at
    while at < lines.count, !lines[at].isEmpty { at += 1 }
    return Array(lines[start..<at])
  }

  // MARK: load

  private mutating func load(_ line: String) throws(Script.Failure) -> Script.Load {
    let words = line.words
    guard words.count == 2 else { throw failure("load wants a step: \(line)") }
    var load = Script.Load(
      line: at + 1, stepMs: try duration(words[1]), addsNative: words[0] == "load_with_nhcb",
      series: [], starts: [:])
    for line in block() {
      if let marker = line.startMarker {
        let labels = try metric(String(line[..<marker.lowerBound]))
        load.starts[labels] = try startOffsets(String(line[marker.upperBound...]))
      } else {
        let series = try notation(line)
        // The last line for a series counts.
        load.series.removeAll { $0.labels == series.labels }
        load.series.append(series)
      }
    }
    return load
  }

  private func metric(_ text: String) throws(Script.Failure) -> Labels {
    do throws(ParseError) {
      return try Parser.parseMetric(text)
    } catch {
      throw failure("\(error)")
    }
  }

  private func notation(_ line: String) throws(Script.Failure) -> SeriesNotation {
    do throws(ParseError) {
      return try SeriesNotation.parse(line, combine: SeriesNotation.addSteps)
    } catch {
      throw failure("\(error) in \(line)")
    }
  }

  /// `_`, `_xn`, `-30s`, `-1mxn`, `-30s-1mxn`.
  private func startOffsets(_ text: String) throws(Script.Failure) -> [Int64?] {
    var offsets: [Int64?] = []
    for item in text.words {
      let parts = item.split(separator: "x", maxSplits: 1)
      let times = parts.count == 2 ? Int(parts[1]) ?? 0 : nil
      let value = String(parts[0])
      if value == "_" {
        offsets += [Int64?](repeating: nil, count: times ?? 1)
        continue
      }
      let tail = value.dropFirst()
      let split = tail.firstIndex { $0 == "+" || $0 == "-" } ?? value.endIndex
      var offset = try signed(String(value[..<split]))
      let change = split < value.endIndex ? try signed(String(value[split...])) : 0
      for _ in 0...(times ?? 0) {
        offsets.append(offset)
        offset += change
      }
    }
    return offsets
  }

  private func signed(_ text: String) throws(Script.Failure) -> Int64 {
    text.hasPrefix("+") ? try duration(String(text.dropFirst())) : try duration(text)
  }

  // MARK: eval

  private mutating func evaluation(
    _ line: String, _ word: String
  ) throws(Script.Failure) -> Script.Evaluation {
    var evaluation = try header(line)
    switch word {
    case "eval_fail": evaluation.expectations.append(.init(kind: .fail))
    case "eval_warn": evaluation.expectations.append(.init(kind: .warning))
    case "eval_info": evaluation.expectations.append(.init(kind: .info))
    case "eval_ordered": evaluation.isOrdered = true
    default: break
    }
    for line in block() { try expect(line, &evaluation) }
    return evaluation
  }

  private func header(_ line: String) throws(Script.Failure) -> Script.Evaluation {
    let words = line.words
    if words.count > 4, words[1] == "instant", words[2] == "at" {
      return Script.Evaluation(
        line: at + 1, time: .instant(try duration(words[3])), expression: line.afterWords(4))
    }
    if words.count > 8, words[1] == "range" {
      return Script.Evaluation(
        line: at + 1,
        time: .range(
          startMs: try duration(words[3]), endMs: try duration(words[5]),
          stepMs: try duration(words[7])),
        expression: line.afterWords(8))
    }
    throw failure("not an evaluation: \(line)")
  }

  private func expect(
    _ line: String, _ evaluation: inout Script.Evaluation
  ) throws(Script.Failure) {
    let words = line.words
    if words[0] == "expected_fail_message" {
      setFailure(.init(kind: .fail, text: line.afterWords(1)), &evaluation)
    } else if words[0] == "expected_fail_regexp" {
      setFailure(
        .init(kind: .fail, pattern: line.afterWords(1)), &evaluation)
    } else if words[0] == "expect", words.count > 1 {
      try expectWords(line, words, &evaluation)
    } else if let number = try? FloatText.parse(line) {
      evaluation.scalar = number
    } else {
      evaluation.series.append(try notation(line))
    }
  }

  private func setFailure(
    _ expectation: Script.Expectation, _ evaluation: inout Script.Evaluation
  ) {
    evaluation.expectations.removeAll { $0.kind == .fail }
    evaluation.expectations.append(expectation)
  }

  private func expectWords(
    _ line: String, _ words: [String], _ evaluation: inout Script.Evaluation
  ) throws(Script.Failure) {
    let kinds: [String: Script.Expectation.Kind] = [
      "fail": .fail, "warn": .warning, "info": .info, "no_warn": .noWarning,
      "no_info": .noInfo,
    ]
    switch words[1] {
    case "ordered": evaluation.isOrdered = true
    case "string":
      guard case .string(let literal)? = try? Parser.parse(line.afterWords(2)) else {
        throw failure("not a string: \(line)")
      }
      evaluation.text = literal.value
    case "range":
      guard words.count == 9 else { throw failure("not a range vector: \(line)") }
      evaluation.rangeVector = (
        try duration(words[4]), try duration(words[6]), try duration(words[8])
      )
    default:
      guard let kind = kinds[words[1].filter { $0 != ":" }] else {
        throw failure("not an expectation: \(line)")
      }
      let rest = line.afterWords(2)
      if rest.hasPrefix("msg:") {
        let text = String(rest.dropFirst(4)).trimmed
        evaluation.expectations.append(.init(kind: kind, text: text))
      } else if rest.hasPrefix("regex:") {
        let text = String(rest.dropFirst(6)).trimmed
        evaluation.expectations.append(.init(kind: kind, pattern: text))
      } else {
        evaluation.expectations.append(.init(kind: kind))
      }
    }
  }
}

extension StringProtocol {
  var trimmed: String {
    var text = self[...]
    while let first = text.first, first.isWhitespace { text = text.dropFirst() }
    while let last = text.last, last.isWhitespace { text = text.dropLast() }
    return String(text)
  }
}

extension String {
  var words: [String] { split { $0 == " " || $0 == "\t" }.map(String.init) }

  /// What stands behind the first words.
  func afterWords(_ count: Int) -> String {
    var rest = self[...]
    for _ in 0..<count {
      rest = rest.drop { $0 == " " || $0 == "\t" }
      rest = rest.drop { $0 != " " && $0 != "\t" }
    }
    return rest.trimmed
  }

  /// The mark of a line that gives start timestamps: `name{...}@st ...`.
  var startMarker: Range<String.Index>? {
    guard let at = firstIndex(of: "@") else { return nil }
    let rest = self[at...]
    guard rest.hasPrefix("@st ") || rest.hasPrefix("@st\t") else { return nil }
    return at..<index(at, offsetBy: 3)
  }
}
