/// Results of tests as JUnit's XML, the way promtool writes it.
struct JUnitReport {
  struct Suite {
    let name: String
    /// When it ran, such as `2026-11-21T15:00:00`; empty where it could not run.
    var timestamp = ""
    private(set) var cases: [Case] = []
    private(set) var errorCount = 0

    init(name: String) { self.name = name }

    mutating func add(_ name: String, failures: [String]) {
      cases.append(Case(name: name, failures: failures))
    }

    /// Notes why there are no tests.
    mutating func abort(_ error: String) {
      errorCount += 1
      cases.append(Case(name: "unknown", error: error))
    }
  }

  struct Case {
    let name: String
    var failures: [String] = []
    var error = ""
  }

  var suites: [Suite] = []

  var text: String {
    "<testsuites>" + suites.map(Self.text).joined() + "</testsuites>"
  }

  private static func text(_ suite: Suite) -> String {
    let failures = suite.cases.reduce(0) { $0 + $1.failures.count }
    let attributes = [
      ("name", suite.name), ("tests", "\(suite.cases.count)"), ("failures", "\(failures)"),
      ("errors", "\(suite.errorCount)"), ("skipped", "0"), ("timestamp", suite.timestamp),
    ]
    let shown = attributes.map { " \($0.0)=\"\(escaped($0.1))\"" }.joined()
    return "<testsuite\(shown)>" + suite.cases.map(text).joined() + "</testsuite>"
  }

  private static func text(_ test: Case) -> String {
    let failures = test.failures.map { "<failure>\(escaped($0))</failure>" }.joined()
    let error = test.error.isEmpty ? "" : "<error>\(escaped(test.error))</error>"
    return "<testcase name=\"\(escaped(test.name))\">\(failures)\(error)</testcase>"
  }

  /// As Go's encoding/xml escapes; what XML cannot hold becomes U+FFFD.
  private static func escaped(_ text: String) -> String {
    text.unicodeScalars.reduce(into: "") { out, scalar in
      switch scalar {
      case "\"": out += "&#34;"
      case "'": out += "&#39;"
      case "&": out += "&amp;"
      case "<": out += "&lt;"
      case ">": out += "&gt;"
      case "\t": out += "&#x9;"
      case "\n": out += "&#xA;"
      case "\r": out += "&#xD;"
      case "\0"..<" ", "\u{FFFE}", "\u{FFFF}": out += "\u{FFFD}"
      default: out.unicodeScalars.append(scalar)
      }
    }
  }
}
