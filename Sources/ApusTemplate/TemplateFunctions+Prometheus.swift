internal import ApusModel
internal import ApusSystem

extension Template {
  /// Names of the functions that Prometheus adds to Go's.
  package static var prometheusFunctions: [String] { Array(TemplateFunctions.prometheus.keys) }
}

/// The functions that Prometheus adds. Source: Prometheus, template/template.go.
extension TemplateFunctions {
  static let prometheus: [String: TemplateFunction] =
    samples.merging(texts) { $1 }.merging(numbers) { $1 }.merging(server) { $1 }

  private static let nilSample =
    "runtime error: invalid memory address or nil pointer dereference"

  private static let samples: [String: TemplateFunction] = [
    "query": TemplateFunction(parameters: [.string]) {
      (environment, values) throws(CallFailure) in
      do {
        return .samples(try environment.query.query(try text(values[0])))
      } catch let failure as CallFailure {
        throw failure
      } catch {
        throw CallFailure("\(error)")
      }
    },
    "first": TemplateFunction(parameters: [.samples]) { (_, values) throws(CallFailure) in
      guard case .samples(let list) = values[0], let first = list.first else {
        throw CallFailure("first() called on vector with no elements")
      }
      return .sample(first)
    },
    "label": TemplateFunction(parameters: [.string, .sample]) {
      (_, values) throws(CallFailure) in
      .string(try sample(values[1]).labels.value(of: try text(values[0])))
    },
    "value": TemplateFunction(parameters: [.sample]) { (_, values) throws(CallFailure) in
      .float(try sample(values[0]).value)
    },
    "strvalue": TemplateFunction(parameters: [.sample]) { (_, values) throws(CallFailure) in
      .string(try sample(values[0]).labels.value(of: "__value__"))
    },
    "sortByLabel": TemplateFunction(parameters: [.string, .samples]) {
      (_, values) throws(CallFailure) in
      guard case .samples(let list) = values[1] else { return .samples([]) }
      let name = try text(values[0])
      let keyed = list.enumerated().map { ($1.labels.value(of: name), $0, $1) }
      let sorted = keyed.sorted { a, b in
        a.0 == b.0 ? a.1 < b.1 : a.0.utf8.lexicographicallyPrecedes(b.0.utf8)
      }
      return .samples(sorted.map(\.2))
    },
  ]

  private static let texts: [String: TemplateFunction] = [
    "args": TemplateFunction(parameters: [.any], isVariadic: true) { (_, values) in
      var map: [String: TemplateValue] = [:]
      for (i, value) in values.enumerated() { map["arg\(i)"] = value }
      return .map(map)
    },
    "reReplaceAll": TemplateFunction(parameters: [.string, .string, .string]) {
      (_, values) throws(CallFailure) in
      .string(
        try RegexText.replaceAll(
          try text(values[0]), with: try text(values[1]), in: try text(values[2])))
    },
    "match": TemplateFunction(parameters: [.string, .string]) {
      (_, values) throws(CallFailure) in
      .bool(try RegexText.isMatch(try text(values[0]), try text(values[1])))
    },
    "safeHtml": TemplateFunction(parameters: [.string]) { (_, values) throws(CallFailure) in
      .html(try text(values[0]))
    },
    "title": onText(TextForms.title), "toUpper": onText(TextForms.upper),
    "toLower": onText(TextForms.lower), "stripPort": onText(HostText.stripPort),
    "stripDomain": onText(HostText.stripDomain),
    "urlQueryEscape": onText(URLText.queryEscaped),
    "graphLink": onText { "/graph?g0.expr=\(URLText.queryEscaped($0))&g0.tab=0" },
    "tableLink": onText { "/graph?g0.expr=\(URLText.queryEscaped($0))&g0.tab=1" },
  ]

  private static let numbers: [String: TemplateFunction] = [
    "humanize": onNumber { .string(HumanNumbers.humanize($0)) },
    "humanize1024": onNumber { .string(HumanNumbers.humanize1024($0)) },
    "humanizeDuration": onNumber { .string(HumanNumbers.duration($0)) },
    "humanizePercentage": onNumber { .string(HumanNumbers.percentage($0)) },
    "humanizeTimestamp": onNumber { (value) throws(CallFailure) in
      if !value.isFinite { return .string(FloatText.general(value, precision: 4)) }
      return .string(try GoTime(seconds: value).description)
    },
    "toTime": onNumber { (value) throws(CallFailure) in
      if !value.isFinite { throw CallFailure("value is NaN or Inf") }
      return .time(try GoTime(seconds: value))
    },
    "toDuration": onNumber { (value) throws(CallFailure) in
      guard value.isFinite, let nanoseconds = Int64(exactly: (value * 1e9).rounded(.towardZero))
      else {
        throw CallFailure(
          value.isFinite
            ? "\(FloatText.g(value)) cannot be represented as a nanoseconds duration since "
              + "it overflows int64"
            : "value is NaN or Inf")
      }
      return .duration(nanoseconds)
    },
    "parseDuration": TemplateFunction(parameters: [.string]) {
      (_, values) throws(CallFailure) in
      do {
        let ms = try DurationText.parseAllowingNegative(try text(values[0]))
        return .float(Double(ms) / 1000)
      } catch let failure as CallFailure {
        throw failure
      } catch {
        throw CallFailure("\(error)")
      }
    },
  ]

  private static let server: [String: TemplateFunction] = [
    "now": TemplateFunction(parameters: []) { (environment, _) in
      .float(Double(environment.nowMs) / 1000)
    },
    "externalURL": TemplateFunction(parameters: []) { (environment, _) in
      .string(environment.externalURL)
    },
    "pathPrefix": TemplateFunction(parameters: []) { (environment, _) in
      .string(HostText.path(ofURL: environment.externalURL))
    },
  ]

  // MARK: Arguments

  private static func text(_ value: TemplateValue) throws(CallFailure) -> String {
    if case .string(let text) = value { return text }
    throw CallFailure("expected string; got \(value.typeName)")
  }

  private static func sample(_ value: TemplateValue) throws(CallFailure) -> TemplateSample {
    if case .sample(let sample) = value { return sample }
    throw CallFailure(nilSample)
  }

  private static func onText(
    _ body: @escaping @Sendable (String) -> String
  ) -> TemplateFunction {
    TemplateFunction(parameters: [.string]) { (_, values) throws(CallFailure) in
      .string(body(try text(values[0])))
    }
  }

  /// Takes numbers, and texts that are numbers.
  private static func onNumber(
    _ body: @escaping @Sendable (Double) throws(CallFailure) -> TemplateValue
  ) -> TemplateFunction {
    TemplateFunction(parameters: [.any]) { (_, values) throws(CallFailure) in
      switch values[0] {
      case .float(let value): return try body(value)
      case .int(let value): return try body(Double(value))
      case .string(let shown):
        let value: Double
        do throws(FloatText.ParseFailure) {
          value = try FloatText.parse(shown)
        } catch {
          throw CallFailure(error.text(parsing: shown))
        }
        return try body(value)
      default: throw CallFailure("can't convert \(values[0].typeName) to float")
      }
    }
  }
}
