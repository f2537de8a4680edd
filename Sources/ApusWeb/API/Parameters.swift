package import ApusModel
package import ApusPromQLSyntax
internal import ApusSystem

/// Reads parameters of requests, with Prometheus's texts for what is wrong with them.
///
/// Source: Prometheus, web/api/v1/api.go.
package enum Parameters {
  /// The widest range of time that can be asked for, in ms. Narrower than Int64 by the years that
  /// Go's calendar needs, so arithmetic on it does not overflow.
  package static let widest = TimeRange(-9_223_309_901_257_974_000, 9_223_309_901_257_974_999)

  private static let widestText = (
    min: "-292273086-05-16T16:47:06Z", max: "292277025-08-18T07:12:54.999999999Z"
  )

  /// Unix seconds with decimals, or RFC 3339; in ms. Nil where the text is neither.
  package static func time(_ text: String) -> Int64? {
    if let seconds = try? FloatText.parse(text) {
      guard !seconds.isNaN else { return nil }
      if seconds <= Double(widest.minMs / 1000) { return widest.minMs }
      if seconds >= Double(widest.maxMs / 1000) { return widest.maxMs }
      let whole = seconds.rounded(.towardZero)
      return Int64(whole) * 1000 + Int64(((seconds - whole) * 1000).rounded())
    }
    if let ms = CivilTime.parseRFC3339(text) { return ms }
    switch text {
    case widestText.min: return widest.minMs
    case widestText.max: return widest.maxMs
    default: return nil
    }
  }

  /// A time that must be given.
  package static func requiredTime(
    _ form: FormValues, _ name: String
  ) throws(APIError) -> Int64 {
    let text = form.first(name)
    guard let ms = time(text) else { throw .invalid(name, notATime(text)) }
    return ms
  }

  /// A time that may be left out.
  package static func time(
    _ form: FormValues, _ name: String, default absent: Int64
  ) throws(APIError) -> Int64 {
    let text = form.first(name)
    if text.isEmpty { return absent }
    guard let ms = time(text) else {
      throw .invalid(name, "invalid time value for '\(name)': \(notATime(text))")
    }
    return ms
  }

  /// `start` and `end`, all of time where they are left out.
  package static func range(_ form: FormValues) throws(APIError) -> TimeRange {
    let start = try time(form, "start", default: widest.minMs)
    return TimeRange(start, try time(form, "end", default: widest.maxMs))
  }

  private static func notATime(_ text: String) -> String {
    "cannot parse \(GoQuote.quote(text)) to a valid timestamp"
  }

  /// Seconds with decimals, or a duration such as `5m`; in ms. May be negative.
  package static func duration(_ text: String) -> Result<Int64, DurationProblem> {
    if let seconds = try? FloatText.parse(text), !seconds.isNaN {
      guard abs(seconds) < 9_223_372_036.854 else {
        return .failure(
          DurationProblem(
            text: "cannot parse \(GoQuote.quote(text)) to a valid duration. It overflows int64"))
      }
      // By way of nanoseconds, as Go has them: 1.001 s are 1000.999999 ms, cut off to 1000.
      return .success(Int64(seconds * 1e9) / 1_000_000)
    }
    if let ms = try? DurationText.parse(text) { return .success(ms) }
    return .failure(
      DurationProblem(text: "cannot parse \(GoQuote.quote(text)) to a valid duration"))
  }

  package struct DurationProblem: Error, Sendable {
    package let text: String
  }

  /// Nil where the parameter is left out.
  package static func duration(
    _ form: FormValues, _ name: String
  ) throws(APIError) -> Int64? {
    let text = form.first(name)
    if text.isEmpty { return nil }
    switch duration(text) {
    case .success(let ms): return ms
    case .failure(let problem): throw .invalid(name, problem.text)
    }
  }

  /// 0 for no bound. Never so large that counting on from it could overflow.
  package static func limit(_ form: FormValues) throws(APIError) -> Int {
    let text = form.first("limit")
    if text.isEmpty { return 0 }
    guard let limit = Int(text) else {
      throw .invalid("limit", "strconv.Atoi: parsing \(GoQuote.quote(text)): invalid syntax")
    }
    guard limit >= 0 else { throw .invalid("limit", "limit must be non-negative") }
    return min(limit, .max / 8)
  }
}

extension Parameters {
  /// The matcher lists of all `match[]`. Each must have a matcher that the empty string does not
  /// satisfy, for otherwise it would select every series there is.
  package static func matchers(_ form: FormValues) throws(APIError) -> [[LabelMatcher]] {
    var lists: [[LabelMatcher]] = []
    for text in form.all("match[]") { lists.append(try selector(text, parameter: "match[]")) }
    for list in lists where list.allSatisfy(\.matchesEmpty) {
      throw .invalid("match[]", "match[] must contain at least one non-empty matcher")
    }
    return lists
  }

  package static func requiredMatchers(
    _ form: FormValues
  ) throws(APIError) -> [[LabelMatcher]] {
    if let problem = form.problem {
      throw APIError(.badData, "error parsing form values: \(problem)")
    }
    guard form.has("match[]") else { throw APIError(.badData, "no match[] parameter provided") }
    return try matchers(form)
  }

  package static func selector(
    _ text: String, parameter: String
  ) throws(APIError) -> [LabelMatcher] {
    do throws(ParseError) {
      return try Parser.parseMetricSelector(text)
    } catch {
      throw .invalid(parameter, error.description)
    }
  }

  package static func expression(_ text: String) throws(APIError) -> Expression {
    do throws(ParseError) {
      return try Parser.parse(text)
    } catch {
      throw .invalid("query", error.description)
    }
  }
}
