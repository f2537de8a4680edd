internal import ApusStorage
internal import ApusSystem

extension WebHandlers {
  func statusConfig(_ request: WebRequest) async -> WebResponse {
    Envelope.success(["yaml": .string(backends.status.configText())])
  }

  func statusFlags(_ request: WebRequest) async -> WebResponse {
    Envelope.success(.object(backends.status.flags.map { ($0.name, .string($0.value)) }))
  }

  func statusBuild(_ request: WebRequest) async -> WebResponse { Envelope.success(build) }

  /// The same fields without the envelope, as plain text.
  func version(_ request: WebRequest) async -> WebResponse {
    var json = JSONWriter()
    json.value(build)
    json.raw("\n")
    return .plain(String(decoding: json.bytes, as: UTF8.self))
  }

  private var build: JSONValue {
    let build = backends.status.build
    return [
      "version": .string(build.version), "revision": .string(build.revision),
      "branch": .string(build.branch), "buildUser": .string(build.buildUser),
      "buildDate": .string(build.buildDate), "goVersion": .string(build.goVersion),
    ]
  }

  func statusRuntime(_ request: WebRequest) async -> WebResponse {
    let runtime = backends.status.runtime()
    return Envelope.success([
      "startTime": .time(ms: runtime.startTimeMs),
      "CWD": .string(runtime.workingDirectory),
      "hostname": .string(runtime.hostname),
      "serverTime": .time(ms: backends.clock.nowMs),
      "reloadConfigSuccess": .bool(runtime.reloadSucceeded),
      "lastConfigTime": .time(ms: runtime.lastConfigTimeMs),
      "corruptionCount": .int(runtime.corruptionCount),
      "goroutineCount": .int(runtime.threadCount),
      "GOMAXPROCS": .int(runtime.cpuCount),
      "GOMEMLIMIT": .int(runtime.memoryLimitBytes),
      "GOGC": .string(""),
      "GODEBUG": .string(""),
      "storageRetention": .string(runtime.storageRetention),
    ])
  }

  func statusTSDB(_ request: WebRequest) async -> WebResponse {
    await answering { () async throws(APIError) in
      let limit = try statusLimit(request)
      let admin = backends.storage.admin
      return try await onWorker { () throws(APIError) in
        do throws(StorageError) {
          return Envelope.success(try admin.status(limit: limit).json)
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
        Envelope.success(["blocks": .list(blocks().map { .raw($0) })])
      }
    }
  }

  func statusWALReplay(_ request: WebRequest) async -> WebResponse {
    let replay = backends.storage.walReplay()
    return Envelope.success([
      "min": .int(replay.min), "max": .int(replay.max), "current": .int(replay.current),
      "state": .string(replay.state),
    ])
  }

  func notifications(_ request: WebRequest) async -> WebResponse {
    Envelope.success(
      .list(
        backends.status.notifications().map { notification in
          [
            "text": .string(notification.text), "date": .time(ms: notification.dateMs),
            "active": .bool(notification.isActive),
          ]
        }))
  }

  func features(_ request: WebRequest) async -> WebResponse {
    Envelope.success(
      .object(
        backends.status.features.map { category in
          (category.name, .object(category.features.map { ($0.name, .bool($0.isOn)) }))
        }))
  }
}

extension StorageStatus {
  fileprivate var json: JSONValue {
    [
      "headStats": [
        "numSeries": .int(seriesCount), "numLabelPairs": .int(labelPairCount),
        "chunkCount": .int(chunkCount), "minTime": .int(minTimeMs), "maxTime": .int(maxTimeMs),
      ],
      "seriesCountByMetricName": StorageStatus.json(seriesCountByMetricName),
      "labelValueCountByLabelName": StorageStatus.json(labelValueCountByLabelName),
      "memoryInBytesByLabelName": StorageStatus.json(memoryInBytesByLabelName),
      "seriesCountByLabelValuePair": StorageStatus.json(seriesCountByLabelValuePair),
    ]
  }

  private static func json(_ entries: [Entry]) -> JSONValue {
    .list(entries.map { ["name": .string($0.name), "value": .int($0.value)] })
  }
}
