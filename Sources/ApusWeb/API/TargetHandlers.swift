internal import ApusModel
internal import ApusNotify
internal import ApusScrape

extension WebHandlers {
  func targets(_ request: WebRequest) async -> WebResponse {
    let state = request.form.first("state").lowercased()
    let showsAll = state.isEmpty || state == "any"
    let showsDropped = showsAll || state == "dropped"
    let pool = request.form.first("scrapePool")
    let status = await backends.status.scrape()
    let isWanted = { (name: String) in pool.isEmpty || name == pool }
    let active = showsAll || state == "active" ? status.activeTargets : []
    let dropped = showsDropped ? status.droppedTargets : []
    return Envelope.success { json in
      json.raw(#"{"activeTargets":["#)
      for (i, target) in active.filter({ isWanted($0.scrapePool) }).enumerated() {
        json.comma(before: i)
        json.target(target)
      }
      json.raw(#"],"droppedTargets":["#)
      for (i, target) in dropped.filter({ isWanted($0.scrapePool) }).enumerated() {
        json.comma(before: i)
        json.raw(#"{"discoveredLabels":"#)
        json.labels(target.discoveredLabels)
        json.raw(#","scrapePool":"#)
        json.string(target.scrapePool)
        json.raw("}")
      }
      json.raw(#"],"droppedTargetCounts":"#)
      guard showsDropped else { return json.raw("null}") }
      json.raw("{")
      let counts = status.droppedCounts.filter { isWanted($0.key) }.sorted { $0.key < $1.key }
      for (i, count) in counts.enumerated() {
        json.comma(before: i)
        json.key(count.key)
        json.int(count.value)
      }
      json.raw("}}")
    }
  }

  func scrapePools(_ request: WebRequest) async -> WebResponse {
    let pools = await backends.status.scrape().pools
    return Envelope.success { json in
      json.raw(#"{"scrapePools":"#)
      json.array(pools)
      json.raw("}")
    }
  }

  func alertmanagers(_ request: WebRequest) async -> WebResponse {
    let status = await backends.status.notify()
    return Envelope.success { json in
      json.raw(#"{"activeAlertmanagers":"#)
      json.urls(status.active)
      json.raw(#","droppedAlertmanagers":"#)
      json.urls(status.dropped)
      json.raw("}")
    }
  }
}

extension JSONWriter {
  fileprivate mutating func urls(_ urls: [String]) {
    raw("[")
    for (i, url) in urls.enumerated() {
      comma(before: i)
      raw(#"{"url":"#)
      string(url)
      raw("}")
    }
    raw("]")
  }

  fileprivate mutating func target(_ target: TargetStatus) {
    raw(#"{"discoveredLabels":"#)
    labels(target.discoveredLabels)
    raw(#","labels":"#)
    labels(target.labels)
    raw(#","scrapePool":"#)
    string(target.scrapePool)
    raw(#","scrapeUrl":"#)
    string(target.scrapeURL)
    raw(#","globalUrl":"#)
    string(target.globalURL)
    raw(#","lastError":"#)
    string(target.lastError)
    raw(#","lastScrape":"#)
    time(ms: target.lastScrapeMs)
    raw(#","lastScrapeDuration":"#)
    number(target.lastScrapeSeconds)
    raw(#","health":"#)
    string(target.health.rawValue)
    raw(#","scrapeInterval":"#)
    string(DurationText.text(ms: target.intervalMs))
    raw(#","scrapeTimeout":"#)
    string(DurationText.text(ms: target.timeoutMs))
    raw("}")
  }
}
