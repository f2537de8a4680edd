internal import ApusStorage
internal import ApusSystem

extension WebHandlers {
  func statusConfig(_ request: WebRequest) async -> WebResponse {
    Envelope.success { json in
      json.raw(#"{"yaml":"#)
      json.string(backends.status.configText())
      json.raw("}")
    }
  }

  func statusFlags(_ request: WebRequest) async -> WebResponse {
    Envelope.success { $0.object(backends.status.flags) }
  }

  func statusBuild(_ request: WebRequest) async -> WebResponse {
    Envelope.success { $0.object(buildFields) }
  }

  /// The same fields without the envelope, as plain text.
  func version(_ request: WebRequest) async -> WebResponse {
    var json = JSONWriter()
    json.object(buildFields)
    json.raw("\n")
    return .plain(String(decoding: json.bytes, as: UTF8.self))
  }

  private var buildFields: [(name: String, value: String)] {
    let build = backends.status.build
    return [
      ("version", build.version), ("revision", build.revision), ("branch", build.branch),
      ("buildUser", build.buildUser), ("buildDate", build.buildDate),
      ("goVersion", build.goVersion),
    ]
  }

  func statusRuntime(_ request: WebRequest) async -> WebResponse {
    let runtime = backends.status.runtime()
    return Envelope.success { json in
      json.raw(#"{"startTime":"#)
      json.time(ms: runtime.startTimeMs)
      json.raw(#","CWD":"#)
      json.string(runtime.workingDirectory)
      json.raw(#","hostname":"#)
      json.string(runtime.hostname)
      json.raw(#","serverTime":"#)
      json.time(ms: backends.clock.nowMs)
      json.raw(#","reloadConfigSuccess":"#)
      json.bool(runtime.reloadSucceeded)
      json.raw(#","lastConfigTime":"#)
      json.time(ms: runtime.lastConfigTimeMs)
      json.raw(#","corruptionCount":"#)
      json.int(runtime.corruptionCount)
      json.raw(#","goroutineCount":"#)
      json.int(runtime.threadCount)
      json.raw(#","GOMAXPROCS":"#)
      json.int(runtime.cpuCount)
      json.raw(#","GOMEMLIMIT":"#)
      json.int(runtime.memoryLimitBytes)
      json.raw(#","GOGC":"","GODEBUG":"","storageRetention":"#)
      json.string(runtime.storageRetention)
      json.raw("}")
    }
  }

  func statusTSDB(_ request: WebRequest) async -> WebResponse {
    await answering { () async throws(APIError) in
      let limit = try statusLimit(request)
      let admin = backends.storage.admin
      return try await onWorker { () throws(APIError) in
        do throws(StorageError) {
          let status = try admin.status(limit: limit)
          return Envelope.success { $0.status(status) }
        } catch {
          throw APIError(administering: error)
        }
      }
    }
  }

  private func statusLimit(_ request: WebRequest) throws(APIError) -> Int {
    let text = request.form.first("limit")
    if text.isEmpty { return Limits.statusEntriesDefault }
    guard let limit = Int(text), limit >= 1 else {
      throw APIError(.badData, "limit must be a positive number")
    }
    guard limit <= Limits.statusEntriesMax else {
      throw APIError(.badData, "limit must not exceed \(Limits.statusEntriesMax)")
    }
    return limit
  }

  func statusBlocks(_ request: WebRequest) async -> WebResponse {
    await answering { () async throws(APIError) in
      let blocks = backends.storage.blocks
      return try await onWorker {
        let all = blocks()
        return Envelope.success { json in
          json.raw(#"{"blocks":["#)
          json.raw(all.joined(separator: ","))
          json.raw("]}")
        }
      }
    }
  }

  func statusWALReplay(_ request: WebRequest) async -> WebResponse {
    let replay = backends.storage.walReplay()
    return Envelope.success { json in
      json.raw(#"{"min":"#)
      json.int(replay.min)
      json.raw(#","max":"#)
      json.int(replay.max)
      json.raw(#","current":"#)
      json.int(replay.current)
      json.raw(#","state":"#)
      json.string(replay.state)
      json.raw("}")
    }
  }

  func notifications(_ request: WebRequest) async -> WebResponse {
    let notifications = backends.status.notifications()
    return Envelope.success { json in
      json.raw("[")
      for (i, notification) in notifications.enumerated() {
        json.comma(before: i)
        json.raw(#"{"text":"#)
        json.string(notification.text)
        json.raw(#","date":"#)
        json.time(ms: notification.dateMs)
        json.raw(#","active":"#)
        json.bool(notification.isActive)
        json.raw("}")
      }
      json.raw("]")
    }
  }

  func features(_ request: WebRequest) async -> WebResponse {
    Envelope.success { json in
      json.raw("{")
      for (i, category) in backends.status.features.enumerated() {
        json.comma(before: i)
        json.key(category.name)
        json.raw("{")
        for (j, feature) in category.features.enumerated() {
          json.comma(before: j)
          json.key(feature.name)
          json.bool(feature.isOn)
        }
        json.raw("}")
      }
      json.raw("}")
    }
  }
}

extension JSONWriter {
  /// `{"name":"value",...}` in the order given.
  fileprivate mutating func object(_ fields: [(name: String, value: String)]) {
    raw("{")
    for (i, field) in fields.enumerated() {
      comma(before: i)
      key(field.name)
      string(field.value)
    }
    raw("}")
  }

  fileprivate mutating func status(_ status: StorageStatus) {
    raw(#"{"headStats":{"numSeries":"#)
    int(status.seriesCount)
    raw(#","numLabelPairs":"#)
    int(status.labelPairCount)
    raw(#","chunkCount":"#)
    int(status.chunkCount)
    raw(#","minTime":"#)
    int(status.minTimeMs)
    raw(#","maxTime":"#)
    int(status.maxTimeMs)
    raw("},")
    entries("seriesCountByMetricName", status.seriesCountByMetricName)
    raw(",")
    entries("labelValueCountByLabelName", status.labelValueCountByLabelName)
    raw(",")
    entries("memoryInBytesByLabelName", status.memoryInBytesByLabelName)
    raw(",")
    entries("seriesCountByLabelValuePair", status.seriesCountByLabelValuePair)
    raw("}")
  }

  private mutating func entries(_ name: String, _ entries: [StorageStatus.Entry]) {
    key(name)
    raw("[")
    for (i, entry) in entries.enumerated() {
      comma(before: i)
      raw(#"{"name":"#)
      string(entry.name)
      raw(#","value":"#)
      int(entry.value)
      raw("}")
    }
    raw("]")
  }
}
