internal import ApusModel
internal import ApusRules
internal import ApusSystem

extension WebHandlers {
  func rules(_ request: WebRequest) async -> WebResponse {
    await answering { () async throws(APIError) in
      let filter = try RuleFilter(request.form)
      let groups = await backends.status.rules()
      let page = try RulePage(request.form)
      let first = try page.firstIndex(in: groups)
      var shown: [RuleGroupStatus] = []
      var nextToken: String?
      for group in groups[first...] {
        var kept = group
        kept.rules = filter.accepts(group) ? group.rules.filter { filter.accepts($0) } : []
        // A group all of whose rules are filtered out is not shown.
        if kept.rules.isEmpty && !group.rules.isEmpty { continue }
        if let limit = page.limit, shown.count == limit {
          nextToken = RulePage.token(of: group)
          break
        }
        shown.append(kept)
      }
      return Envelope.success { json in
        json.raw(#"{"groups":["#)
        for (i, group) in shown.enumerated() {
          json.comma(before: i)
          json.group(group, excludesAlerts: filter.excludesAlerts)
        }
        json.raw("]")
        if let nextToken {
          json.raw(#","groupNextToken":"#)
          json.string(nextToken)
        }
        json.raw("}")
      }
    }
  }

  func alerts(_ request: WebRequest) async -> WebResponse {
    let groups = await backends.status.rules()
    let alerts = groups.flatMap(\.rules).flatMap { rule -> [ActiveAlert] in
      guard case .alerting(let status) = rule.kind else { return [] }
      return status.alerts
    }
    return Envelope.success { json in
      json.raw(#"{"alerts":"#)
      json.alerts(alerts)
      json.raw("}")
    }
  }
}

/// Which rules a request wants to see.
struct RuleFilter: Sendable {
  private let showsAlerting: Bool
  private let showsRecording: Bool
  private let names: Set<String>
  private let groups: Set<String>
  private let files: Set<String>
  private let selectors: [[LabelMatcher]]
  let excludesAlerts: Bool

  init(_ form: FormValues) throws(APIError) {
    let type = form.first("type").lowercased()
    guard ["", "alert", "record"].contains(type) else {
      throw .invalid("type", "not supported value \(GoQuote.quote(type))")
    }
    showsAlerting = type != "record"
    showsRecording = type != "alert"
    names = Set(form.all("rule_name[]"))
    groups = Set(form.all("rule_group[]"))
    files = Set(form.all("file[]"))
    selectors = try Parameters.matchers(form)
    let excludes = form.first("exclude_alerts")
    guard let value = excludes.isEmpty ? false : GoBool.parse(excludes) else {
      throw .invalid(
        "exclude_alerts", "error converting exclude_alerts: \(GoBool.problem(excludes))")
    }
    excludesAlerts = value
  }

  func accepts(_ group: RuleGroupStatus) -> Bool {
    (groups.isEmpty || groups.contains(group.name))
      && (files.isEmpty || files.contains(group.file))
  }

  func accepts(_ rule: RuleStatus) -> Bool {
    switch rule.kind {
    case .alerting: if !showsAlerting { return false }
    case .recording: if !showsRecording { return false }
    }
    guard names.isEmpty || names.contains(rule.name) else { return false }
    if selectors.isEmpty { return true }
    // A templated value is not known before the alert fires, so nothing matches it.
    var builder = LabelsBuilder(rule.labels)
    builder.keep { !$0.value.contains("{{") }
    let labels = builder.labels()
    return selectors.contains { $0.allSatisfy { $0.matches(labels) } }
  }
}

/// Which part of the groups a request wants to see.
struct RulePage: Sendable {
  let limit: Int?
  private let token: String

  init(_ form: FormValues) throws(APIError) {
    let text = form.first("group_limit")
    token = form.first("group_next_token")
    if text.isEmpty {
      guard token.isEmpty else {
        throw .invalid(
          "group_limit", "group_limit needs to be present in order to paginate over the groups")
      }
      limit = nil
      return
    }
    guard let count = Int(text) else {
      let why = "strconv.ParseInt: parsing \(GoQuote.quote(text)): invalid syntax"
      throw .invalid("group_limit", "group_limit needs to be a valid number: \(why)")
    }
    guard count > 0 else {
      throw .invalid("group_limit", "group_limit needs to be greater than 0")
    }
    limit = count
  }

  func firstIndex(in groups: [RuleGroupStatus]) throws(APIError) -> Int {
    if token.isEmpty { return 0 }
    guard let index = groups.firstIndex(where: { RulePage.token(of: $0) == token }) else {
      throw .invalid(
        "group_next_token", "invalid group_next_token '\(token)'. were rule groups changed?")
    }
    return index
  }

  /// Names a group; means nothing to clients.
  static func token(of group: RuleGroupStatus) -> String {
    let text = "\(group.file);\(group.name)"
    return String(XXHash64.hash(text.utf8.span), radix: 16)
      + String(XXHash64.hash((text + ";").utf8.span), radix: 16)
  }
}

extension JSONWriter {
  fileprivate mutating func group(_ group: RuleGroupStatus, excludesAlerts: Bool) {
    raw(#"{"name":"#)
    string(group.name)
    raw(#","file":"#)
    string(group.file)
    raw(#","rules":["#)
    for (i, rule) in group.rules.enumerated() {
      comma(before: i)
      self.rule(rule, excludesAlerts: excludesAlerts)
    }
    raw(#"],"interval":"#)
    number(Double(group.intervalMs) / 1000)
    raw(#","limit":"#)
    int(group.limit)
    raw(#","evaluationTime":"#)
    number(group.evaluationSeconds)
    raw(#","lastEvaluation":"#)
    time(ms: group.lastEvaluationMs)
    raw("}")
  }

  private mutating func rule(_ rule: RuleStatus, excludesAlerts: Bool) {
    raw("{")
    if case .alerting(let status) = rule.kind {
      raw(#""state":"#)
      string(status.state.rawValue)
      raw(",")
    }
    raw(#""name":"#)
    string(rule.name)
    raw(#","query":"#)
    string(rule.expression)
    if case .alerting(let status) = rule.kind {
      raw(#","duration":"#)
      number(Double(status.forMs) / 1000)
      raw(#","keepFiringFor":"#)
      number(Double(status.keepFiringForMs) / 1000)
    }
    raw(#","labels":"#)
    labels(rule.labels)
    if case .alerting(let status) = rule.kind {
      raw(#","annotations":"#)
      labels(status.annotations)
      raw(#","alerts":"#)
      alerts(excludesAlerts ? [] : status.alerts)
    }
    raw(#","health":"#)
    string(rule.health.rawValue)
    if !rule.lastError.isEmpty {
      raw(#","lastError":"#)
      string(rule.lastError)
    }
    raw(#","evaluationTime":"#)
    number(rule.evaluationSeconds)
    raw(#","lastEvaluation":"#)
    time(ms: rule.lastEvaluationMs)
    if case .alerting = rule.kind {
      raw(#","type":"alerting"}"#)
    } else {
      raw(#","type":"recording"}"#)
    }
  }

  fileprivate mutating func alerts(_ alerts: [ActiveAlert]) {
    raw("[")
    for (i, alert) in alerts.enumerated() {
      comma(before: i)
      raw(#"{"labels":"#)
      labels(alert.labels)
      raw(#","annotations":"#)
      labels(alert.annotations)
      raw(#","state":"#)
      string(alert.state.rawValue)
      raw(#","activeAt":"#)
      time(ms: alert.activeAtMs)
      if let since = alert.keepFiringSinceMs {
        raw(#","keepFiringSince":"#)
        time(ms: since)
      }
      raw(#","value":"#)
      string(FloatText.text(alert.value, .e))
      raw("}")
    }
    raw("]")
  }
}
