import ApusModel
import ApusTemplate
import Testing

/// Answers every query with what it was made with.
struct FixedQuery: TemplateQuery {
  var samples: [TemplateSample] = []

  func query(_ expression: String) throws -> [TemplateSample] {
    if expression == "bad" { throw QueryFailed() }
    return samples
  }

  struct QueryFailed: Error, CustomStringConvertible {
    var description: String { "1:1: parse error: no" }
  }
}

func expand(
  _ text: String, _ data: TemplateValue = .nothing, _ samples: [TemplateSample] = [],
  options: Template.Options = .init()
) -> String {
  do {
    let template = try Template(name: "test", text: text, options: options)
    return try template.expand(
      data: data, query: FixedQuery(samples: samples), nowMs: 1_435_065_584_128,
      externalURL: "http://testhost:9090/path/prefix")
  } catch {
    return "\(error)"
  }
}

let executing = "error executing template test: template: test:1:"
let parsing = "error parsing template test: template: test:"

struct TemplateTests {
  static let one = [TemplateSample(labels: ["__name__": "metric", "instance": "a"], value: 11)]
  static let two =
    [TemplateSample(labels: ["__name__": "metric", "instance": "b"], value: 21)] + one

  @Test(arguments: [
    ("plain text", "plain text"), ("{{ 1 }}", "1"),
    ("{{ 1.5e3 }}|{{ 0x10 }}|{{ 'a' }}", "1500|16|97"),
    (#"{{ "<b>" }}"#, "<b>"), ("{{ `a\\n` }}", "a\\n"), (#"{{ "a\tb\u00e9" }}"#, "a\tbé"),
    ("{{ true }} {{ not true }}", "true false"),
    ("a {{- 1 -}} b", "a1b"), ("a {{/* nothing */}} b", "a  b"), ("a {{- /* x */ -}} b", "ab"),
    ("{{ $x := 1 }}{{ $x }}{{ $x = 2 }}{{ $x }}", "12"),
    ("{{ if 0 }}a{{ else if 1 }}b{{ else }}c{{ end }}", "b"),
    ("{{ if and 1 0 }}a{{ else }}b{{ end }}", "b"),
    (
      "{{ with 5 }}{{ . }}{{ else }}none{{ end }}{{ with 0 }}x{{ else with 7 }}{{ . }}{{ end }}",
      "57"
    ),
    (#"{{ range $i, $e := args 1 "x" }}{{ $i }}={{ $e }};{{ end }}"#, "arg0=1;arg1=x;"),
    ("{{ range 3 }}{{ if eq . 1 }}{{ continue }}{{ end }}{{ . }}{{ end }}", "02"),
    ("{{ range 5 }}{{ if eq . 2 }}{{ break }}{{ end }}{{ . }}{{ else }}x{{ end }}", "01"),
    (#"{{define "x"}}{{.arg0}} {{.arg1}}{{end}}{{template "x" (args 1 "2")}}"#, "1 2"),
    (#"{{block "y" 3}}[{{.}}]{{end}}"#, "[3]"),
    (#"{{ "a" | printf "%s-%s" "b" }}"#, "b-a"),
    (#"{{ (args 1).arg0 }}{{ index (args "k") "arg0" }}"#, "1k"),
    (#"{{ len "abc" }} {{ slice "abcdef" 1 3 }} {{ index "abc" 0 }}"#, "3 bc 97"),
    (
      #"{{ eq 1 1 }} {{ eq 1 2 1 }} {{ ne "a" "b" }} {{ lt 1 2 }} {{ ge 1.5 1.5 }}"#,
      "true true true true true"
    ),
    (
      #"{{ print 1 2 "a" "b" 3 }}|{{ println "x" 1 }}|"#,
      "1 2a b3|x 1\n|".replacing("a b", with: "ab")
    ),
    (#"{{ html "<a href='x'>" }} {{ js "it's" }}"#, "&lt;a href=&#39;x&#39;&gt; it\\'s"),
    (#"{{ urlquery "a b&c" }}"#, "a+b%26c"),
    ("{{ or 0 2 }} {{ and 1 3 }} {{ or 0 \"\" }}", "2 3 "),
    ("{{ 5 | humanize | len }}", "1"),
  ])
  func `Go's language is spoken`(text: String, output: String) {
    #expect(expand(text) == output)
  }

  @Test(arguments: [
    (#"{{ query "x" | first | value }}"#, "21"),
    (#"{{ query "x" | first | label "instance" }}"#, "b"),
    (#"{{ query "x" | first | label "foo" }}"#, ""),
    (#"{{ $x := query "metric" | first }}{{ $x.Labels.foo }}"#, ""),
    (
      #"{{ range query "m" | sortByLabel "instance" }}{{.Labels.instance}}:{{.Value}}: {{end}}"#,
      "a:11: b:21: "
    ),
    (#"{{ len (query "m") }}{{ (index (query "m") 1).Value }}"#, "211"),
    (#"{{ query "m" | first }}"#, "{map[__name__:metric instance:b] 21}"),
  ])
  func `queries give samples`(text: String, output: String) {
    #expect(expand(text, .nothing, TemplateTests.two) == output)
  }

  static let errors = TemplateCase.load("errors.txt")

  @Test(arguments: errors)
  func `what fails says where, in Go's words`(_ test: TemplateCase) {
    #expect(expand(test.text) == test.outcome)
  }

  @Test func `lines are counted and odd characters named`() {
    #expect(expand("{{\u{A0}}}") == parsing + "1: unrecognized character in action: U+00A0")
    #expect(expand("\n{{ 1\n") == parsing + "3: unclosed action started at test:2")
    #expect(TemplateTests.errors.count > 30)
  }

  @Test func `a missing key is nothing, or an error if that is asked for`() {
    #expect(expand("{{ .Foo }}") == "<no value>")
    #expect(
      expand("{{ .Foo }}", options: .init(missingKey: .error))
        == executing + #"3: executing "test" at <.Foo>: nil data; no entry for key "Foo""#)
    #expect(expand("[{{ .Foo }}]", .labels([:])) == "[]")
    #expect(expand("[{{ .Foo }}]", .map([:])) == "[<no value>]")
  }

  @Test func `an alert's texts see labels, value and URL`() {
    let data = TemplateValue.alert(
      labels: ["instance": "localhost:9100", "severity": "page"],
      externalLabels: ["region": "eu"], externalURL: "http://x/", value: .float(1_234_567))
    let text =
      Template.alertPreamble
      + "{{ $labels.instance }} {{ $value }} {{ .Labels.severity }} {{ $externalLabels.region }} "
      + "{{ $externalURL }}{{ $labels.nope }} {{ printf \"%.2f\" $value }} {{ .Value | humanize }}"
    #expect(
      expand(text, data) == "localhost:9100 1.234567e+06 page eu http://x/ 1234567.00 1.235M")
    #expect(
      expand("{{ .Nope }}", data)
        == executing + #"3: executing "test" at <.Nope>: can't evaluate field Nope in type "#
        + "struct { Labels map[string]string; ExternalLabels map[string]string; "
        + "ExternalURL string; Value interface {} }")
  }

  @Test func `an expansion is bounded`() {
    let forever = "{{ range 9999999 }}{{ range 9999999 }}{{ end }}{{ end }}"
    #expect(expand(forever).contains("more than 1000000 steps"))
    let wide = #"{{ range 9999999 }}{{ printf "%9999s" "x" }}{{ end }}"#
    #expect(expand(wide).contains("writes more than"))
    let nested = String(repeating: "{{ if 1 }}", count: 5000)
    #expect(expand(nested).contains("max nesting depth exceeded"))
    let parens = "{{ " + String(repeating: "(", count: 5000)
    #expect(expand(parens).contains("max nesting depth exceeded"))
  }

  @Test(arguments: [
    (#"{{ "<b>" }}"#, "&lt;b&gt;"), (#"{{ "<b>" | safeHtml }}"#, "<b>"), ("[{{ .Foo }}]", "[]"),
    (#"{{ define "a" }}<i>{{ . }}</i>{{ end }}{{ $n := "a"}}{{ tmpl $n "<" }}"#, "<i>&lt;</i>"),
    (#"{{ template "lib" 7 }}"#, "lib 7"),
  ])
  func `pages are escaped, and call libraries`(text: String, output: String) throws {
    let library = Template.Library(name: "x.lib", text: #"{{ define "lib" }}lib {{ . }}{{ end }}"#)
    let template = try Template(
      name: "test", text: text, libraries: [library], options: .init(isHTML: true))
    let page = try template.expand(
      data: .nothing, query: FixedQuery(), nowMs: 0, externalURL: "http://x/")
    #expect(page == output)
    #expect(expand(#"{{ tmpl "a" . }}"#).contains("function \"tmpl\" not defined"))
  }

  @Test func `checking only parses`() throws {
    try Template.check(name: "x", text: #"{{ query "up" | first }}"#)
    #expect(throws: TemplateError.self) { try Template.check(name: "x", text: "{{ end }}") }
  }
}
