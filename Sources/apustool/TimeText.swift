internal import ApusModel
internal import Foundation

/// Times as promtool takes them: RFC 3339, or seconds since the epoch.
enum TimeText {
  /// Ms since the epoch; nil for an empty text.
  /// - Parameter what: names the text in an error.
  static func ms(_ what: String, _ text: String) throws(CommandFailure) -> Int64? {
    do throws(CommandFailure) {
      return try value(text)
    } catch {
      throw CommandFailure("error parsing \(what): \(error)")
    }
  }

  /// Ms since the epoch; nil for an empty text.
  static func value(_ text: String) throws(CommandFailure) -> Int64? {
    if text.isEmpty { return nil }
    if let seconds = try? FloatText.parse(text), seconds.isFinite, abs(seconds) < 1e15 {
      return Int64((seconds * 1_000).rounded())
    }
    for options in [
      ISO8601DateFormatter.Options.withInternetDateTime,
      [.withInternetDateTime, .withFractionalSeconds],
    ] {
      let formatter = ISO8601DateFormatter()
      formatter.formatOptions = options
      if let date = formatter.date(from: text) {
        return Int64((date.timeIntervalSince1970 * 1_000).rounded())
      }
    }
    throw CommandFailure("cannot parse \(GoQuote.quote(text)) to a valid timestamp")
  }

  static func parameter(_ what: String, _ text: String, orMs nowMs: Int64) throws -> String {
    seconds(try ms(what, text) ?? nowMs)
  }

  static func range(_ start: String, _ end: String) throws -> [FormField] {
    var form: [FormField] = []
    if let ms = try ms("start time", start) { form.append(FormField("start", seconds(ms))) }
    if let ms = try ms("end time", end) { form.append(FormField("end", seconds(ms))) }
    return form
  }

  /// Nil for an empty text.
  static func stepMs(_ text: String) throws -> Int64? {
    if text.isEmpty { return nil }
    if let seconds = try? FloatText.parse(text), seconds > 0, seconds < 1e12 {
      return Int64((seconds * 1_000).rounded())
    }
    do {
      return try DurationText.parse(text)
    } catch {
      throw CommandFailure("\(error)")
    }
  }

  static func seconds(_ ms: Int64) -> String { FloatText.f(Double(ms) / 1_000) }
}
