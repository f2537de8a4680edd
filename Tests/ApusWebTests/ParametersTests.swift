import ApusModel
import ApusWeb
import Testing

struct ParametersTests {
  private func form(_ text: String) -> FormValues {
    var form = FormValues()
    form.add(encoded: text)
    return form
  }

  private func failure(_ body: () throws -> Void) -> APIError? {
    do {
      try body()
      return nil
    } catch {
      return error as? APIError
    }
  }

  @Test(arguments: [
    ("1767225600", Int64(1_767_225_600_000)), ("1767225600.5", 1_767_225_600_500),
    ("1.7672256e9", 1_767_225_600_000), ("-1.5", -1500), ("0.0004", 0), ("0.0006", 1),
    ("2026-01-01T00:00:00Z", 1_767_225_600_000),
    ("-9223372036854775.808", Parameters.widest.minMs),
    ("9223372036854775.807", Parameters.widest.maxMs), ("+Inf", Parameters.widest.maxMs),
    ("-292273086-05-16T16:47:06Z", Parameters.widest.minMs),
    ("292277025-08-18T07:12:54.999999999Z", Parameters.widest.maxMs),
  ])
  func `times are seconds or RFC 3339`(text: String, ms: Int64) {
    #expect(Parameters.time(text) == ms)
  }

  @Test(arguments: ["yesterday", "", "NaN", "1h"])
  func `what is no time is refused`(text: String) {
    #expect(Parameters.time(text) == nil)
  }

  @Test func `errors about times have Prometheus's words`() {
    #expect(
      failure { _ = try Parameters.time(form("time=yesterday"), "time", default: 0) }
        == APIError(
          .badData,
          #"invalid parameter "time": invalid time value for 'time': "#
            + #"cannot parse "yesterday" to a valid timestamp"#))
    #expect(
      failure { _ = try Parameters.requiredTime(form(""), "start") }
        == APIError(
          .badData, #"invalid parameter "start": cannot parse "" to a valid timestamp"#))
  }

  @Test(arguments: [
    ("5m", Int64(300_000)), ("1h30m", 5_400_000), ("15", 15_000), ("0.5", 500), ("-1", -1000),
    ("1e3", 1_000_000), ("0", 0),
  ])
  func `durations are seconds or have units`(text: String, ms: Int64) {
    #expect(try! Parameters.duration(text).get() == ms)
  }

  @Test func `errors about durations have Prometheus's words`() {
    #expect(
      failure { _ = try Parameters.duration(form("timeout=x"), "timeout") }
        == APIError(
          .badData, #"invalid parameter "timeout": cannot parse "x" to a valid duration"#))
    #expect(
      failure { _ = try Parameters.duration(form("timeout=1e300"), "timeout") }
        == APIError(
          .badData,
          #"invalid parameter "timeout": cannot parse "1e300" to a valid duration. "#
            + "It overflows int64"))
  }

  @Test func `limits are whole and not negative`() throws {
    #expect(try Parameters.limit(form("")) == 0)
    #expect(try Parameters.limit(form("limit=9223372036854775807")) == Int.max / 8)
    #expect(try Parameters.limit(form("limit=7")) == 7)
    #expect(
      failure { _ = try Parameters.limit(form("limit=-1")) }?.text
        == #"invalid parameter "limit": limit must be non-negative"#)
    #expect(
      failure { _ = try Parameters.limit(form("limit=x")) }?.text
        == #"invalid parameter "limit": strconv.Atoi: parsing "x": invalid syntax"#)
  }

  @Test func `selectors must select something`() throws {
    let lists = try Parameters.matchers(form("match[]=up{a=\"b\"}&match[]={job=~\"x.*\"}"))
    #expect(lists.count == 2)
    #expect(
      failure { _ = try Parameters.matchers(form("match[]={}")) }?.text
        == #"invalid parameter "match[]": match[] must contain at least one non-empty matcher"#)
    #expect(
      failure { _ = try Parameters.matchers(form("match[]=up{")) }?.text
        == #"invalid parameter "match[]": 1:4: parse error: unexpected end of input "#
        + "inside braces")
    #expect(
      failure { _ = try Parameters.requiredMatchers(form("a=b")) }?.text
        == "no match[] parameter provided")
    #expect(
      failure { _ = try Parameters.requiredMatchers(form("a=%q")) }?.text
        == #"error parsing form values: invalid URL escape "%q""#)
  }
}
