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
    let counts = status.droppedCounts.filter { isWanted($0.key) }.sorted { $0.key < $1.key }
    return Envelope.success([
      "activeTargets": .list(active.filter { isWanted($0.scrapePool) }.map(\.json)),
      "droppedTargets": .list(dropped.filter { isWanted($0.scrapePool) }.map(\.json)),
      "droppedTargetCounts": showsDropped
        ? .object(counts.map { ($0.key, .int($0.value)) }) : .null,
    ])
  }

  func scrapePools(_ request: WebRequest) async -> WebResponse {
    Envelope.success(["scrapePools": .strings(await backends.status.scrape().pools)])
  }

  func alertmanagers(_ request: WebRequest) async -> WebResponse {
    let status = await backends.status.notify()
    return Envelope.success([
      "activeAlertmanagers": .list(status.active.map { ["url": .string($0)] }),
      "droppedAlertmanagers": .list(status.dropped.map { ["url": .string($0)] }),
    ])
  }
}

extension TargetStatus {
  fileprivate var json: JSONValue {
    [
      "discoveredLabels": .labels(discoveredLabels),
      "labels": .labels(labels),
      "scrapePool": .string(scrapePool),
      "scrapeUrl": .string(scrapeURL),
      "globalUrl": .string(globalURL),
      "lastError": .string(lastError),
      "lastScrape": .time(ms: lastScrapeMs),
      "lastScrapeDuration": .number(lastScrapeSeconds),
      "health": .string(health.rawValue),
      "scrapeInterval": .string(DurationText.text(ms: intervalMs)),
      "scrapeTimeout": .string(DurationText.text(ms: timeoutMs)),
    ]
  }
}

extension DroppedTarget {
  fileprivate var json: JSONValue {
    ["discoveredLabels": .labels(discoveredLabels), "scrapePool": .string(scrapePool)]
  }
}
