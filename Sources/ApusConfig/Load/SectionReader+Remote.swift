internal import ApusModel

extension SectionReader {
  func remoteWrite(_ record: Record, validation: NameValidation) -> RemoteWriteConfig {
    var config = RemoteWriteConfig()
    config.url = url(record, of: "remote_write")
    config.name = record.string("name")
    config.timeoutMs = record.durationMs("remote_timeout")
    checkHeaders(record)
    config.headers = headers(record)
    config.relabelRules = relabelRules(
      record, "write_relabel_configs",
      nullText: "empty or null relabeling rule in remote write config",
      validation: validation)
    let message = record.string("protobuf_message")
    if let known = RemoteWriteMessage(rawValue: message) {
      config.message = known
    } else {
      let all = RemoteWriteMessage.allCases.map(\.rawValue)
      fail(
        record.line(of: "protobuf_message"),
        "invalid protobuf_message value: unknown type for remote write protobuf message "
          + "\(message), supported: \(all.joined(separator: ", "))",
        suggestion: NearestName.find(message, in: all) ?? "")
    }
    config.sendsExemplars = record.bool("send_exemplars")
    config.sendsNativeHistograms = record.bool("send_native_histograms")
    config.roundRobinsDNS = record.bool("round_robin_dns")
    checkAuthentication(record)
    config.client = httpClient(record)
    config.queue = queue(record.objectOrEmpty("queue_config"))
    let metadata = record.objectOrEmpty("metadata_config")
    config.metadata.isSent = metadata.bool("send")
    config.metadata.intervalMs = metadata.durationMs("send_interval")
    config.metadata.samplesPerSendMax = Int(clamping: metadata.int("max_samples_per_send"))
    record.set("queue_config", .object(record.objectOrEmpty("queue_config")))
    record.set("metadata_config", .object(metadata))
    return config
  }

  func remoteRead(_ record: Record) -> RemoteReadConfig {
    var config = RemoteReadConfig()
    config.url = url(record, of: "remote_read")
    config.name = record.string("name")
    config.timeoutMs = record.durationMs("remote_timeout")
    config.frameBytesMax = record.uint("chunked_read_limit")
    checkHeaders(record)
    config.headers = headers(record)
    config.readsRecent = record.bool("read_recent")
    config.filtersExternalLabels = record.bool("filter_external_labels")
    config.requiredMatchers = labels(record, "required_matchers", validation: .utf8)
    config.client = httpClient(record)
    return config
  }

  private func url(_ record: Record, of section: String) -> String {
    let url = record.string("url")
    if url.isEmpty {
      if !record.isUnreadable("url") { fail(record.line, "url for \(section) is empty") }
    } else if let problem = GoURL.problem(url) {
      fail(record.line(of: "url"), problem)
    }
    if record.has("url") { record.set("url", .string(GoURL.redacted(url))) }
    return url
  }

  func headers(_ record: Record) -> [Label] {
    record.stringMap("headers").sorted { precedes($0.key, $1.key) }
      .map { Label($0.key, $0.value) }
  }

  func checkReserved(_ header: StringEntry) {
    if ReservedHeaders.ofRemote.contains(header.key.lowercased()) {
      fail(header.line, "\(header.key) is a reserved header. It must not be changed")
    }
  }

  private func checkHeaders(_ record: Record) {
    for header in record.stringMap("headers") {
      if header.key.lowercased() == "authorization" {
        fail(
          header.line,
          "authorization header must be changed via the basic_auth, authorization, oauth2, "
            + "sigv4, azuread or google_iam parameter")
      } else {
        checkReserved(header)
      }
    }
  }

  private func checkAuthentication(_ record: Record) {
    let ways = ["basic_auth", "authorization", "oauth2", "sigv4", "azuread", "google_iam"]
    let used = ways.filter { record.has($0) }
    if used.count > 1 {
      fail(
        record.line(of: used[used.count - 1]),
        "at most one of basic_auth, authorization, oauth2, sigv4, azuread or google_iam must be "
          + "configured. Currently configured: [\(used.joined(separator: " "))]")
    }
  }

  private func queue(_ record: Record) -> RemoteQueueConfig {
    for name in ["max_shards", "min_shards", "max_samples_per_send", "capacity"]
    where record.int(name) <= 0 && !record.isUnreadable(name) {
      fail(record.line(of: name), "remote write queue \(name) must be positive")
    }
    if record.int("min_shards") > record.int("max_shards") && record.int("max_shards") > 0 {
      fail(
        record.line(of: "min_shards"),
        "remote write queue min_shards must not be greater than max_shards")
    }
    if record.durationMs("max_backoff") < record.durationMs("min_backoff") {
      fail(
        record.line(of: "max_backoff"),
        "remote write queue max_backoff must not be less than min_backoff")
    }
    var config = RemoteQueueConfig()
    config.capacity = Int(clamping: record.int("capacity"))
    config.shardsMax = Int(clamping: record.int("max_shards"))
    config.shardsMin = Int(clamping: record.int("min_shards"))
    config.samplesPerSendMax = Int(clamping: record.int("max_samples_per_send"))
    config.batchSendDeadlineMs = record.durationMs("batch_send_deadline")
    config.backoffMinMs = record.durationMs("min_backoff")
    config.backoffMaxMs = record.durationMs("max_backoff")
    config.retriesOnRateLimit = record.bool("retry_on_http_429")
    config.sampleAgeMaxMs = record.durationMs("sample_age_limit")
    return config
  }
}
