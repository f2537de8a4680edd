import ApusModel
import ApusSystem
import Testing

@testable import apustool

@Suite struct TestRulesTests {
  private let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
    _ = try directory.file("r.yml", Self.rules)
  }

  private static let rules = """
    groups:
    - name: g
      rules:
      - record: job:x:sum
        expr: sum by (job) (x)
      - alert: A
        expr: x > 5
        for: 2m
        labels: {severity: page}
        annotations: {summary: "v {{ $value }} on {{ $labels.job }}"}
    """

  private func test(_ text: String, _ flags: String...) async throws -> ToolResult {
    let file = try directory.file("t.yml", text)
    return await tool(["test", "rules"] + flags + [file])
  }

  private static let input = """
    rule_files: [r.yml]
    evaluation_interval: 1m
    tests:
    - interval: 1m
      name: n1
      input_series:
      - series: 'x{job="b"}'
        values: '1+1x20'

    """

  @Test func `tests that hold`() async throws {
    let result = try await test(
      Self.input + """
          alert_rule_test:
          - eval_time: 10m
            alertname: A
            exp_alerts:
            - exp_labels: {severity: page, job: b}
              exp_annotations: {summary: "v 11 on b"}
          - {eval_time: 6m, alertname: A}
          promql_expr_test:
          - expr: job:x:sum
            eval_time: 5m
            exp_samples:
            - {labels: 'job:x:sum{job="b"}', value: 6}
          - expr: 'ALERTS{alertstate="pending"}'
            eval_time: 6m
            exp_samples:
            - {labels: 'ALERTS{alertname="A",alertstate="pending",\
            job="b",severity="page"}', value: 1}
          - {expr: time(), eval_time: 90s, exp_samples: [{labels: '{}', value: 90}]}

        """)
    #expect(result.errors == "")
    #expect(result.output == "Unit Testing:  \(directory["t.yml"])\n  SUCCESS\n\n")
    #expect(result.status == 0)
  }

  /// Every text as promtool 2.42 printed it for the same files.
  @Test func `what fails is told with what was wanted and what came`() async throws {
    let result = try await test(
      Self.input + """
          alert_rule_test:
          - eval_time: 10m
            alertname: A
            exp_alerts: []
          - eval_time: 1m
            alertname: A
            exp_alerts:
            - exp_labels: {job: c}
          promql_expr_test:
          - expr: x
            eval_time: 5m
            exp_samples:
            - labels: 'x{job="q"}'
              value: 6.5
          - expr: x{
            eval_time: 5m
          - expr: nosuch
            eval_time: 90s
            exp_samples:
            - labels: 'x{job="q'
              value: 6.5
          - expr: x[5m]
            eval_time: 90s
          - {expr: nosuch, eval_time: 1m, exp_samples: [{labels: 'x', value: 1}]}

        """)
    #expect(result.status == 1)
    #expect(
      result.output == "Unit Testing:  \(directory["t.yml"])" + String(repeating: "\n", count: 9))
    // A bar stands for the end of a line that ends in a space.
    let wanted = """
        FAILED:
          name: n1,
          alertname: A, time: 1m, |
              exp:[
                  0:
                    Labels:{alertname="A", job="c"}
                    Annotations:{}
                  ], |
              got:[]
          name: n1,
          alertname: A, time: 10m, |
              exp:[], |
              got:[
                  0:
                    Labels:{alertname="A", job="b", severity="page"}
                    Annotations:{summary="v 11 on b"}
                  ]
          expr: "x", time: 5m,
              exp: {__name__="x", job="q"} 6.5E+00
              got: {__name__="x", job="b"} 6E+00
          expr: "x{", time: 5m, err: 1:3: parse error: unexpected end of input inside braces
          expr: "nosuch", time: 1m30s, err: labels "x{job=\\"q": 1:7: parse error: \
      unterminated quoted string
          expr: "x[5m]", time: 1m30s, err: rule result is not a vector or scalar
          expr: "nosuch", time: 1m,
              exp: {__name__="x"} 1E+00
              got: nil

      """
    #expect(result.errors == wanted.replacing("|\n", with: "\n"))
  }

  @Test func `input, files and rules that are wrong`() async throws {
    let series = try await test(
      """
      rule_files: [r.yml, nope*.yml]
      tests:
      - input_series: [{series: 'x{job="b"', values: '1+1x20'}]
        promql_expr_test: [{expr: x, eval_time: 5m}]
      """)
    #expect(
      series.errors == """
          WARNING: no file match pattern \(directory["nope*.yml"])
          FAILED:
        1:11: parse error: unexpected character inside braces: '1'

        """)
    #expect(
      try await test("group_eval_order: [a, a]\n").errors
        == "  FAILED:\ngroup name repeated in evaluation order: a\n")
    #expect(
      try await test("tests:\n- alert_rule_test: [{eval_time: 1m}]\n  name: q\n").errors
        == "  FAILED:\nan item under alert_rule_test misses required attribute alertname at "
        + "eval_time 1m (in TestGroup q)\n")
    #expect(
      try await test("foo: 1\n").errors
        == "  FAILED:\nyaml: unmarshal errors:\n"
        + "  line 1: field foo not found in type main.unitTestFile\n")
    _ = try directory.file("bad.yml", "groups:\n- name: g\n  rules: [{record: a, expr: foo(}]\n")
    #expect(
      try await test("rule_files: [bad.yml]\ntests: [{}]\n").errors.contains(
        "could not parse expression: 1:5: parse error: unclosed left parenthesis"))
    let missing = await tool("test", "rules", "/no/such.yml")
    #expect(
      missing.errors == "apustool: error: path '/no/such.yml' does not exist, try --help\n")
    #expect(try await test("").output.hasSuffix("  SUCCESS\n\n"))
  }

  @Test func `a rule that cannot be evaluated ends its test`() async throws {
    _ = try directory.file(
      "join.yml",
      "groups:\n- name: g\n  rules:\n  - record: a\n    expr: x * on() group_left() y\n")
    let result = try await test(
      """
      rule_files: [join.yml]
      tests:
      - interval: 1m
        input_series:
        - {series: x, values: 1 1}
        - {series: 'y{a="1"}', values: 1 1}
        - {series: 'y{a="2"}', values: 1 1}
        promql_expr_test: [{expr: x, eval_time: 1m}]
      """)
    #expect(
      result.errors.hasPrefix(
        "  FAILED:\n    rule: a, time: 0s, err: found duplicate series for the match group {}"))
    #expect(result.errors.split(separator: "\n").count == 2)
  }

  @Test func `fields that nobody knows are refused in rules unless they are to be ignored`()
    async throws
  {
    _ = try directory.file("r.yml", Self.rules + "\n    owner: me\n".replacing("    ", with: "  "))
    let text = "rule_files: [r.yml]\ntests: [{promql_expr_test: [{expr: x, eval_time: 1m}]}]\n"
    #expect(try await test(text).status == 1)
    #expect(try await test(text, "--ignore-unknown-fields").status == 0)
  }

  @Test func `only tests with matching names run`() async throws {
    let text = """
      tests:
      - {name: good one, promql_expr_test: [{expr: x, eval_time: 1m}]}
      - {name: bad one, promql_expr_test: [{expr: x, eval_time: 1m, exp_samples: [{labels: x}]}]}
      """
    #expect(try await test(text).status == 1)
    #expect(try await test(text, "--run=^good", "--run=better").status == 0)
    #expect(try await test(text, "--run=one$").status == 1)
    #expect(try await test(text, "--run=(").status == 1)
  }

  @Test func `values may differ in the last bit when the file says so`() async throws {
    let text = """
      tests:
      - input_series: [{series: x, values: '0.1 0.1'}]
        promql_expr_test:
        - {expr: x * 3, eval_time: 0s, exp_samples: [{labels: '{}', value: 0.3}]}
      """
    #expect(try await test(text).status == 1)
    #expect(try await test("fuzzy_compare: true\n" + text).status == 0)
  }

  @Test func `histograms are compared and shown in the notation of tests`() async throws {
    let head = """
      tests:
      - input_series:
        - {series: h, values: '{{schema:1 count:5 sum:4 offset:2 buckets:[1 0 4]}}x2'}
        promql_expr_test:
        - expr: h
          eval_time: 1m
          exp_samples: [{labels: h, histogram: '
      """
    let wanted = "{{schema:1 count:5 sum:4 offset:2 buckets:[1 0 4]}}"
    #expect(try await test(head + wanted + "'}]\n").errors == "")
    // Whether a store knows that the counter went on makes no difference.
    let goneOn = wanted.replacing("sum:4", with: "sum:4 counter_reset_hint:not_reset")
    #expect(try await test(head + goneOn + "'}]\n").errors == "")
    let other = try await test(head + "{{count:1}}'}]\n")
    #expect(other.errors.contains("exp: {__name__=\"h\"} {{count:1}}\n"))
    #expect(other.errors.contains("got: {__name__=\"h\"} {{schema:1 count:5 sum:4 "))
    let float = try await test(head + "3'}]\n")
    #expect(float.errors.contains("err: labels \"h\": expected histogram, got"))
  }

  @Test func `time begins where the test says, and external labels are known to templates`()
    async throws
  {
    _ = try directory.file(
      "e.yml",
      """
      groups:
      - name: g
        rules:
        - alert: E
          expr: vector(time()) == 1700000060
          labels: {at: '{{ $externalLabels.region }}'}
          annotations: {link: '{{ externalURL }}'}
      """)
    let result = try await test(
      """
      rule_files: [e.yml]
      tests:
      - start_timestamp: 2023-11-14T22:13:20Z
        external_labels: {region: eu}
        external_url: http://apus
        alert_rule_test:
        - eval_time: 1m
          alertname: E
          exp_alerts: [{exp_labels: {at: eu}, exp_annotations: {link: http://apus}}]
        - {eval_time: 0m, alertname: E}
      """)
    #expect(result.errors == "")
    #expect(
      try await test("tests: [{start_timestamp: x}]\n").errors
        == "  FAILED:\ncannot parse \"x\" to a valid timestamp\n")
  }

  @Test func `groups are evaluated in the order that the file gives`() async throws {
    _ = try directory.file(
      "order.yml",
      """
      groups:
      - {name: later, rules: [{record: b, expr: a}]}
      - {name: first, rules: [{record: a, expr: vector(1)}]}
      """)
    let text = """
      rule_files: [order.yml]
      tests:
      - promql_expr_test: [{expr: b, eval_time: 0m, exp_samples: [{labels: b, value: 1}]}]

      """
    #expect(try await test(text).status == 1)
    #expect(try await test(text + "group_eval_order: [first]\n").status == 0)
  }

  @Test func `results are written for machines`() async throws {
    let file = directory["junit.xml"]
    _ = try await test(
      """
      tests:
      - {name: 'a "good" one', promql_expr_test: [{expr: x, eval_time: 1m}]}
      - promql_expr_test: [{expr: x, eval_time: 1m, exp_samples: [{labels: x}]}]
      """, "--junit=\(file)")
    #expect(
      try PosixFileSystem().readText(file) == """
        <testsuites><testsuite name="\(directory["t.yml"])" tests="2" failures="1" errors="0" \
        skipped="0" timestamp="2023-11-14T22:13:20"><testcase name="a &#34;good&#34; one">\
        </testcase><testcase name="unnamed#1"><failure>    expr: &#34;x&#34;, time: 1m,&#xA;\
                exp: {__name__=&#34;x&#34;} 0E+00&#xA;        got: nil</failure></testcase>\
        </testsuite></testsuites>
        """)
    _ = try await test("foo: 1\n", "--junit=\(file)")
    #expect(try PosixFileSystem().readText(file).contains("errors=\"1\""))
  }

  @Test func `differences are shown in colors, and all data when debugging`() async throws {
    let text =
      Self.input + """
          alert_rule_test:
          - eval_time: 8m
            alertname: A
            exp_alerts: [{exp_labels: {job: c}, exp_annotations: {summary: "v 9 on b"}}]

        """
    let result = try await test(text, "--diff", "--debug")
    #expect(result.errors.contains("\"job\": \u{1B}[0;33m\"c\" => \"b\"\u{1B}[0m"))
    #expect(result.errors.contains("\u{1B}[0;32m            \"severity\": \"page\"\u{1B}[0m"))
    #expect(result.errors.contains("            \"alertname\": \"A\",\n"))
    #expect(result.errors.hasPrefix("DEBUG: Starting test n1\n"))
    #expect(
      result.errors.contains(
        "DEBUG: Dump of all data (input_series and rules) at 8m1s:\n{__name__=\"ALERTS\""))
    #expect(result.errors.contains("\n{__name__=\"x\", job=\"b\"} =>\n2 @[60000]\n"))
  }

  @Test func `rules that no assertion is about are named, and may fail the run`() async throws {
    let text =
      Self.input + "  promql_expr_test: [{expr: 'job:x:sum > 100', eval_time: 1m}]\n"
    let result = try await test(text, "--coverage")
    #expect(result.status == 0)
    #expect(
      result.errors == """
        Rule test coverage:
          Alerting rules:  0/1 covered (0.0%)
          Recording rules: 1/1 covered (100.0%)
          Total:           1/2 covered (50.0%)
          Untested rules:
            group "g" in r.yml:
              - alert: A

        """)
    let below = try await test(text, "--coverage-threshold=50.1")
    #expect(below.status == 1)
    #expect(
      below.errors.hasSuffix("Rule test coverage 50.0% is below the threshold of 50.1%.\n"))
    #expect(try await test(text, "--coverage-threshold=50").status == 0)
    #expect(try await test(text, "--coverage-threshold=101").status == 1)
  }
}
