import ApusConfig
import ApusModel
import ApusSystem
import Testing

struct ToolTextTests {
  private func configText(_ text: String) -> String {
    do {
      _ = try config(text)
      return ""
    } catch {
      return (error as? ConfigErrors)?.configText ?? "\(error)"
    }
  }

  private func ruleTexts(_ text: String) -> [String] {
    let loader = RuleFileLoader(
      files: MemoryFileSystem(),
      checks: RuleChecks(
        expression: { $0 == "bad(" ? "1:5: parse error" : nil },
        template: { $1 == "{{" ? "unclosed action" : nil }))
    do {
      _ = try loader.load(Array(text.utf8), path: "r.yml")
      return []
    } catch {
      return error.ruleTexts
    }
  }

  @Test func `errors of a configuration are worded as promtool does`() {
    #expect(
      configText("global:\n  foo: 1\n") == """
        parsing YAML file dir/prometheus.yml: yaml: unmarshal errors:
          line 2: field foo not found in type config.plain
        """)
    #expect(
      configText("rule_files: [a/*/*]") == """
        parsing YAML file dir/prometheus.yml: invalid rule file path "a/*/*" (line 1)
        """)
    #expect(
      configText("global: [\n") == """
        parsing YAML file dir/prometheus.yml: yaml: line 2: did not find expected node content
        """)
    #expect(
      configText("rule_files: [a/*/*]\nscrape_configs: [{}]\n") == """
        parsing YAML file dir/prometheus.yml: errors:
          line 1: invalid rule file path "a/*/*"
          line 2: job_name is empty
        """)
  }

  @Test func `errors of rules stand where promtool says that they are`() {
    let text = """
      groups:
      - name: g
        rules:
        - record: a
          alert: b
          expr: up
        - {}
        - alert: c
          expr: up
          labels: {__name__: x, a: '{{'}
          annotations: {"": x}
      """
    #expect(
      ruleTexts(text) == [
        #"r.yml: 4:13: 5:12: group "g", rule 1, "b": only one of 'record' and 'alert' must be set"#,
        #"r.yml: 0:0: 0:0: group "g", rule 2, "": one of 'record' or 'alert' must be set"#,
        #"r.yml: 0:0: group "g", rule 2, "": field 'expr' must be set in rule"#,
        #"r.yml: group "g", rule 3, "c": invalid label name: __name__"#,
        #"r.yml: group "g", rule 3, "c": label "a": unclosed action"#,
        #"r.yml: group "g", rule 3, "c": invalid annotation name: "#,
      ])
    #expect(
      ruleTexts("groups: [{name: g, interval: 5}]")
        == [#"r.yml: not a valid duration string: "5""#])
    #expect(
      ruleTexts("groups:\n- name: g\n  limit: 1\n  limit: 2\n") == [
        "r.yml: yaml: unmarshal errors:\n"
          + #"  line 4: mapping key "limit" already defined at line 3"#
      ])
  }

  @Test func `groups and rules that are null are none`() {
    #expect(ruleTexts("groups: [null, {name: g, rules: [null]}, ~]").isEmpty)
    #expect(
      ruleTexts("groups:\n- name: null\n") == ["r.yml: 2:3: Groupname must not be empty"])
  }

  @Test func `errors of rules come with line and column of the value`() {
    #expect(
      ruleTexts("groups:\n- name: g\n  rules:\n  - alert: a\n    expr: bad(\n") == [
        #"r.yml: 5:11: group "g", rule 1, "a": could not parse expression: 1:5: parse error"#
      ])
    #expect(
      ruleTexts("groups:\n- name: g\n  foo: 1\n- name: g\n") == [
        "r.yml: yaml: unmarshal errors:\n  line 3: field foo not found in type rulefmt.RuleGroup",
        #"r.yml: 4:3: groupname: "g" is repeated in the same file"#,
      ])
  }

  @Test func `duplicate rules are found over groups, by name and labels`() {
    var a = RuleGroupConfig()
    a.labels = [Label("team", "x")]
    var rule = RuleConfig()
    rule.record = "m"
    a.rules = [rule]
    var b = RuleGroupConfig()
    rule.labels = [Label("team", "x")]
    b.rules = [rule, rule]
    var alert = RuleConfig()
    alert.alert = "A"
    b.rules += [alert, alert]
    rule.labels = [Label("team", "y")]
    b.rules.append(rule)
    let found = ConfigLint.duplicates(RuleFile(path: "r", groups: [a, b]))
    #expect(found.map(\.metric) == ["A", "m"])
    #expect(
      ConfigLint.text(found) == """
        2 duplicate rule(s) found.
        Metric: A
        Label(s):
        Metric: m
        Label(s):
        \tteam: x
        Might cause inconsistency while recording expressions
        """)
  }

  @Test func `a job is linted when its interval is above the lookback`() {
    var job = ScrapeConfig()
    job.intervalMs = 300_000
    #expect(ConfigLint.tooLongInterval([job], lookbackMs: 300_000) == nil)
    #expect(ConfigLint.tooLongInterval([job], lookbackMs: 299_999) == job)
    #expect(ConfigLint.tooLongInterval([job], lookbackMs: 0) == nil)
  }
}
