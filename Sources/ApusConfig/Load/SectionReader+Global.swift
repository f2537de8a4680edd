internal import ApusModel

extension SectionReader {
  func global(_ record: Record, environment: (String) -> String?) -> GlobalSection {
    var config = GlobalConfig()
    config.scrapeIntervalMs = positive(record.durationMs("scrape_interval"), or: 60_000)
    let timeout = record.durationMs("scrape_timeout")
    if timeout > config.scrapeIntervalMs && !record.isUnreadable("scrape_interval") {
      fail(
        record.line(of: "scrape_timeout"),
        "global scrape timeout greater than scrape interval")
    }
    config.scrapeTimeoutMs = positive(timeout, or: min(10_000, config.scrapeIntervalMs))
    config.evaluationIntervalMs = positive(record.durationMs("evaluation_interval"), or: 60_000)
    config.ruleQueryOffsetMs = record.durationMs("rule_query_offset")
    config.nameValidation = nameValidation(record) ?? .utf8
    config.nameEscaping = globalEscaping(record)
    config.scrapeProtocols = protocols(record, context: "for global config")
    config.queryLogFile = path(record, "query_log_file")
    config.scrapeFailureLogFile = path(record, "scrape_failure_log_file")
    config.limits = limits(record)
    config.scrapesNativeHistograms = record.bool("scrape_native_histograms")
    config.convertsClassicHistograms = record.bool("convert_classic_histograms_to_nhcb")
    config.alwaysScrapesClassicHistograms = record.bool("always_scrape_classic_histograms")
    config.hasExtraScrapeMetrics = record.bool("extra_scrape_metrics")
    var warnings: [ConfigError] = []
    let pairs = labels(record, "external_labels", validation: config.nameValidation).map {
      label in
      let value = GoExpand.expand(label.value) { name in
        if name == "$" { return "$" }
        if let value = environment(name), !value.isEmpty { return value }
        warnings.append(
          ConfigError(
            .value, file: errors.file, line: record.line(of: "external_labels"),
            text: "Empty environment variable \(name)"))
        return ""
      }
      return Label(label.name, value)
    }
    config.externalLabels = Labels(pairs)
    show(record, config, pairs)
    return GlobalSection(config: config, warnings: warnings)
  }

  private func show(_ record: Record, _ config: GlobalConfig, _ labels: [Label]) {
    record.set("scrape_interval", .duration(config.scrapeIntervalMs))
    record.set("scrape_timeout", .duration(config.scrapeTimeoutMs))
    record.set("evaluation_interval", .duration(config.evaluationIntervalMs))
    record.set("metric_name_validation_scheme", .string(config.nameValidation.rawValue))
    // A pointer in Prometheus, and therefore shown although it is false.
    record.set("scrape_native_histograms", .bool(config.scrapesNativeHistograms))
    record.set("extra_scrape_metrics", .bool(config.hasExtraScrapeMetrics))
    if record.has("external_labels") {
      record.set(
        "external_labels",
        .stringMap(labels.map { StringEntry(key: $0.name, value: $0.value, line: 0) }))
    }
  }

  func positive(_ ms: Int64, or preset: Int64) -> Int64 { ms > 0 ? ms : preset }

  func limits(_ record: Record) -> ScrapeLimits {
    var limits = ScrapeLimits()
    limits.bodyBytes = Int(clamping: record.sizeBytes("body_size_limit"))
    limits.samples = count(record, "sample_limit")
    limits.labels = count(record, "label_limit")
    limits.labelNameBytes = count(record, "label_name_length_limit")
    limits.labelValueBytes = count(record, "label_value_length_limit")
    limits.targets = count(record, "target_limit")
    limits.keptDroppedTargets = count(record, "keep_dropped_targets")
    return limits
  }

  /// Nil where the file says nothing.
  func nameValidation(_ record: Record) -> NameValidation? {
    let text = record.string("metric_name_validation_scheme")
    if text.isEmpty { return nil }
    if let scheme = NameValidation(rawValue: text) { return scheme }
    fail(
      record.line(of: "metric_name_validation_scheme"),
      "unrecognized ValidationScheme: \(GoQuote.quote(text))",
      suggestion: NearestName.find(text, in: ["utf8", "legacy"]) ?? "")
    return nil
  }

  private func globalEscaping(_ record: Record) -> NameEscaping? {
    let text = record.string("metric_name_escaping_scheme")
    if text.isEmpty { return nil }
    if let scheme = NameEscaping(rawValue: text) { return scheme }
    fail(
      record.line(of: "metric_name_escaping_scheme"),
      "unknown global name escaping method specified, must be one of \(Self.escapings), got "
        + GoQuote.quote(text))
    return nil
  }

  static var escapings: String { "'allow-utf-8', 'underscores', 'dots', or 'values'" }

  /// The protocols of a list; nil where the file says nothing.
  func protocols(_ record: Record, context: String) -> [ScrapeProtocol]? {
    guard record.has("scrape_protocols") else { return nil }
    let words = record.strings("scrape_protocols")
    let line = record.line(of: "scrape_protocols")
    if words.isEmpty {
      fail(line, "scrape_protocols cannot be empty \(context)")
      return nil
    }
    var seen: Set<String> = []
    var protocols: [ScrapeProtocol] = []
    for word in words {
      guard seen.insert(word.lowercased()).inserted else {
        fail(
          line,
          "duplicated protocol in scrape_protocols, got [\(words.joined(separator: " "))] "
            + context)
        return nil
      }
      guard let known = ScrapeProtocol(rawValue: word) else {
        fail(line, "scrape_protocols: \(unknownProtocol(word)) \(context)")
        return nil
      }
      protocols.append(known)
    }
    return protocols
  }

  func unknownProtocol(_ word: String) -> String {
    let all = ScrapeProtocol.allCases.map(\.rawValue).sorted { precedes($0, $1) }
    return "unknown scrape protocol \(word), supported: [\(all.joined(separator: " "))]"
  }
}

/// `global`, and what to tell in the log about it.
struct GlobalSection {
  let config: GlobalConfig
  let warnings: [ConfigError]
}

/// `$name` and `${name}`, as Go's `os.Expand` replaces them.
enum GoExpand {
  static func expand(_ text: String, _ value: (String) -> String) -> String {
    var out: [UInt8] = []
    let bytes = Array(text.utf8)
    var at = 0
    while at < bytes.count {
      guard bytes[at] == UInt8(ascii: "$"), at + 1 < bytes.count else {
        out.append(bytes[at])
        at += 1
        continue
      }
      let (name, width) = shellName(bytes, at + 1)
      if let name {
        out += Array(value(name).utf8)
      } else if width == 0 {
        // A dollar sign that begins no name stands for itself.
        out.append(bytes[at])
      }
      at += 1 + width
    }
    return String(decoding: out, as: UTF8.self)
  }

  /// The name behind a dollar sign and the bytes it takes; a broken one is eaten without a name.
  private static func shellName(_ bytes: [UInt8], _ start: Int) -> (name: String?, width: Int) {
    func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
    let first = bytes[start]
    if first == UInt8(ascii: "{") {
      if start + 2 < bytes.count, isSpecial(bytes[start + 1]), bytes[start + 2] == 125 {
        return (text((start + 1)..<(start + 2)), 3)
      }
      guard let end = bytes[start...].firstIndex(of: UInt8(ascii: "}")) else {
        return (nil, 1)
      }
      if end == start + 1 { return (nil, 2) }
      return (text((start + 1)..<end), end + 1 - start)
    }
    if isSpecial(first) { return (text(start..<(start + 1)), 1) }
    var end = start
    while end < bytes.count, isWord(bytes[end]) { end += 1 }
    return end == start ? (nil, 0) : (text(start..<end), end - start)
  }

  private static func isSpecial(_ byte: UInt8) -> Bool {
    "*#$@!?-".utf8.contains(byte) || (byte >= 48 && byte <= 57)
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}
