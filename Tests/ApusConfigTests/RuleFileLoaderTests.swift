import ApusConfig
import ApusModel
import ApusSystem
import Testing

struct RuleFileLoaderTests {
  private let checks = RuleChecks(
    expression: { $0 == "bad(" ? "1:5: parse error: unclosed left parenthesis" : nil },
    template: { _, text in text.contains("{{ bad") ? "template: bad" : nil })

  private func load(_ text: String, ignoring: Bool = false) throws -> RuleFile {
    let loader = RuleFileLoader(
      files: MemoryFileSystem(), checks: checks, ignoresUnknownFields: ignoring)
    return try loader.load(Array(text.utf8), path: "r.yml")
  }

  private func problems(_ text: String) -> String {
    do {
      _ = try load(text)
      return ""
    } catch let errors as ConfigErrors {
      return errors.description
    } catch {
      return "\(error)"
    }
  }

  @Test func `groups and rules are read with their lines`() throws {
    let file = try load(
      """
      groups:
        - name: g
          interval: 30s
          query_offset: 1m
          limit: 5
          labels: {team: a}
          rules:
            - record: job:x:sum
              expr: sum(x)
            - alert: A
              expr: x > 1
              for: 5m
              keep_firing_for: 1m
              labels: {severity: page, area: b}
              annotations: {summary: "{{ $value }}"}
      """)
    let group = try #require(file.groups.first)
    #expect(group.name == "g")
    #expect(group.intervalMs == 30_000)
    #expect(group.queryOffsetMs == 60_000)
    #expect(group.limit == 5)
    #expect(group.labels == [Label("team", "a")])
    #expect(group.line == 2)
    #expect(group.rules[0].record == "job:x:sum")
    #expect(group.rules[0].line == 8)
    let alert = group.rules[1]
    #expect(alert.alert == "A")
    #expect(alert.forMs == 300_000)
    #expect(alert.keepFiringForMs == 60_000)
    #expect(alert.labels == [Label("area", "b"), Label("severity", "page")])
    #expect(alert.line == 10)
  }

  @Test func `an empty file has no groups`() throws {
    #expect(try load("").groups.isEmpty)
    #expect(try load("groups:\n").groups.isEmpty)
  }

  @Test func `groups without a name or with the same name are refused`() {
    #expect(
      problems("groups:\n- rules: []\n- name: g\n- name: g\n")
        == """
        r.yml:2: Groupname must not be empty
        r.yml:4: groupname: "g" is repeated in the same file
        """)
  }

  @Test func `every error of every rule is told at once`() {
    let text = """
      groups:
      - name: g
        rules:
        - record: a
          alert: b
          expr: up
        - expr: up
        - record: c
        - alert: d
          expr: bad(
          labels: {__name__: x}
          annotations: {summary: "{{ bad"}
        - record: '{x}'
          expr: up
          for: 1m
          keep_firing_for: 1m
          annotations: {a: b}
      """
    let braces = "braces present in the recording rule name; should it be in expr?: {x}"
    let parse = "could not parse expression: 1:5: parse error: unclosed left parenthesis"
    let expected = [
      #"4: group "g", rule 1, "b": only one of 'record' and 'alert' must be set"#,
      #"7: group "g", rule 2, "": one of 'record' or 'alert' must be set"#,
      #"8: group "g", rule 3, "c": field 'expr' must be set in rule"#,
      #"10: group "g", rule 4, "d": \#(parse)"#,
      #"11: group "g", rule 4, "d": invalid label name: __name__"#,
      #"12: group "g", rule 4, "d": annotation "summary": template: bad"#,
      #"13: group "g", rule 5, "{x}": invalid field 'annotations' in recording rule"#,
      #"13: group "g", rule 5, "{x}": invalid field 'for' in recording rule"#,
      #"13: group "g", rule 5, "{x}": invalid field 'keep_firing_for' in recording rule"#,
      #"13: group "g", rule 5, "{x}": \#(braces)"#,
    ]
    #expect(problems(text) == expected.map { "r.yml:\($0)" }.joined(separator: "\n"))
  }

  @Test func `an unknown key is refused with the nearest name, or passed over where asked`() throws
  {
    let text = "groups:\n- name: g\n  rules:\n  - alert: A\n    exprs: up\n    expr: up\n"
    #expect(
      problems(text)
        == "r.yml:5: field exprs not found in type rulefmt.Rule; did you mean expr?")
    #expect(try load(text, ignoring: true).groups[0].rules[0].expression == "up")
  }

  @Test func `templates of recording rules are not looked at`() throws {
    let text = "groups: [{name: g, rules: [{record: a, expr: up, labels: {x: '{{ bad'}}]}]"
    #expect(try load(text).groups[0].rules[0].labels == [Label("x", "{{ bad")])
  }

  @Test func `only the first document of a file is read`() throws {
    #expect(try load("groups: [{name: a}]\n---\nfoo: bar\n").groups.map(\.name) == ["a"])
  }

  @Test func `legacy names are checked where they are asked for`() {
    let loader = RuleFileLoader(
      files: MemoryFileSystem(), checks: .none, validation: .legacy)
    let text = "groups: [{name: g, rules: [{record: a.b, expr: up, labels: {c-d: x}}]}]"
    do {
      _ = try loader.load(Array(text.utf8), path: "r.yml")
      Issue.record("loaded")
    } catch {
      #expect(
        error.errors.map(\.text) == [
          "group \"g\", rule 1, \"a.b\": invalid recording rule name: a.b",
          "group \"g\", rule 1, \"a.b\": invalid label name: c-d",
        ])
    }
  }
}
