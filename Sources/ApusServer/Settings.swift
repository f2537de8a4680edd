internal import ApusConfig
internal import ApusModel
internal import ApusPromQL
internal import ApusPromQLSyntax
internal import ApusRemote
internal import ApusSystem
internal import ApusTSDB
internal import ApusWeb

/// The command line, understood: what each part is told.
struct Settings: Sendable {
  let flags: Flags
  let features: FeatureFlags
  let externalURL: ExternalURL
  let addresses: [ListenAddress]
  let corsOrigin: RE2Pattern
  let hostName: String
  let acceptedWriteMessages: [WriteMessage]

  /// - Throws: `FlagError` in the words of the refusal.
  init(flags: Flags, hostName: String) throws(FlagError) {
    self.flags = flags
    self.hostName = hostName
    features = try FeatureFlags(flags.list("enable-feature"))
    let given = flags.list("web.listen-address")
    var addresses: [ListenAddress] = []
    for text in given {
      guard let address = ListenAddress(text) else {
        throw FlagError(
          description: "--web.listen-address=\(text) is not host:port, such as 0.0.0.0:9090")
      }
      addresses.append(address)
    }
    self.addresses = addresses
    externalURL = try ExternalURL(
      given: flags.text("web.external-url"),
      prefix: flags.isGiven("web.route-prefix") ? flags.text("web.route-prefix") : nil,
      listenAddress: given.first ?? "0.0.0.0:9090", hostName: hostName)
    do throws(RegexError) {
      corsOrigin = try RE2Pattern(flags.text("web.cors.origin"))
    } catch {
      throw FlagError(
        description: "could not compile CORS regex string "
          + "\(GoQuote.quote(flags.text("web.cors.origin"))): \(error.message)")
    }
    acceptedWriteMessages = try Settings.writeMessages(flags)
    try Settings.refuseMissing(flags)
  }

  /// Flags of parts that are not there yet: better refused than ignored.
  private static func refuseMissing(_ flags: Flags) throws(FlagError) {
    let missing = [
      ("agent", "agent mode is not there yet")
    ]
    for (name, why) in missing where flags.isGiven(name) && flags.text(name) != "false" {
      throw FlagError(description: "--\(name) can not be used: \(why)")
    }
    let segment = flags.bytes("storage.tsdb.wal-segment-size") ?? 0
    guard (10 << 20...256 << 20).contains(segment) else {
      throw FlagError(
        description:
          "flag 'storage.tsdb.wal-segment-size' must be set between 10MB and 256MB")
    }
    guard (flags.bytes("storage.tsdb.max-block-chunk-segment-size") ?? 512 << 20) >= 1 << 20 else {
      throw FlagError(
        description: "flag 'storage.tsdb.max-block-chunk-segment-size' must be set over 1MB")
    }
  }

  /// The messages of remote write that are taken.
  /// - Throws: `FlagError` for a message that nobody knows.
  private static func writeMessages(_ flags: Flags) throws(FlagError) -> [WriteMessage] {
    let name = "web.remote-write-receiver.accepted-protobuf-messages"
    var messages: [WriteMessage] = []
    for text in flags.list(name).flatMap({ $0.split(separator: ",").map(String.init) }) {
      guard let message = WriteMessage(rawValue: text) else {
        throw FlagError(
          description: "unknown type for remote write protobuf message \(text), supported: "
            + WriteMessage.allCases.map(\.rawValue).joined(separator: ", "))
      }
      messages.append(message)
    }
    return messages
  }

  var parserOptions: ParserOptions {
    ParserOptions(
      experimentalFunctions: features.has("promql-experimental-functions"),
      extendedRangeSelectors: features.has("promql-extended-range-selectors"),
      fillModifiers: features.has("promql-binop-fill-modifiers"))
  }

  /// Whether series get type and unit of their metric family as labels.
  var addsTypeAndUnit: Bool { features.has("type-and-unit-labels") }

  /// Queries that may run at the same time.
  var queriesMax: Int {
    min(max(1, flags.count("query.max-concurrency")), 10_000)
  }

  func engineOptions(_ live: LiveConfig) -> EngineOptions {
    var options = EngineOptions()
    options.maxSamples = flags.count("query.max-samples")
    options.timeoutMs = flags.durationMs("query.timeout") ?? 120_000
    options.maxConcurrency = queriesMax
    options.lookbackDeltaMs = flags.durationMs("query.lookback-delta") ?? 300_000
    options.slowQueryMs = flags.durationMs("query.slow-log-threshold") ?? 10_000
    options.noStepSubqueryIntervalMs = { _ in live.config.global.evaluationIntervalMs }
    options.experimentalFunctions = features.has("promql-experimental-functions")
    options.extendedRangeSelectors = features.has("promql-extended-range-selectors")
    options.fillModifiers = features.has("promql-binop-fill-modifiers")
    options.delayedNameRemoval = features.has("promql-delayed-name-removal")
    options.typeAndUnitLabels = addsTypeAndUnit
    options.samplesPerStep = features.has("promql-per-step-stats")
    options.startTimestamps = features.has("use-start-timestamps")
    return options
  }

  func storageOptions(_ config: StorageConfig) -> TSDBOptions {
    var options = TSDBOptions()
    let bytes = config.retentionBytes ?? flags.bytes("storage.tsdb.retention.size") ?? 0
    options.retentionMs =
      config.retentionMs ?? flags.durationMs("storage.tsdb.retention.time") ?? 0
    options.retentionPercentage = config.retentionPercentage ?? 0
    options.retentionBytesMax = bytes
    if usesDefaultRetention(config) { options.retentionMs = Settings.defaultRetentionMs }
    options.blockMinMs = flags.durationMs("storage.tsdb.min-block-duration") ?? 7_200_000
    options.samplesPerChunk = flags.count("storage.tsdb.samples-per-chunk")
    if !flags.bool("storage.tsdb.large-chunks") { options.chunking = .prometheus }
    options.blockMaxMs = flags.durationMs("storage.tsdb.max-block-duration") ?? 0
    options.mergesOverlapping = flags.bool("storage.tsdb.allow-overlapping-compaction")
    options.chunkFileBytesMax = Int(
      flags.bytes("storage.tsdb.max-block-chunk-segment-size") ?? 512 << 20)
    options.uploadedBlocksPath = flags.text("storage.tsdb.delay-compact-file.path")
    options.blockReloadIntervalMs =
      flags.durationMs("storage.tsdb.block-reload-interval") ?? 60_000
    options.walSegmentBytes = Int(flags.bytes("storage.tsdb.wal-segment-size") ?? 128 << 20)
    options.walCompression = walCompression
    options.walSyncIntervalMs = flags.durationMs("storage.tsdb.wal-sync-interval") ?? 1_000
    options.locksDirectory = !flags.bool("storage.tsdb.no-lockfile")
    options.outOfOrderWindowMs = config.outOfOrderWindowMs
    options.staleSeriesThreshold = config.staleSeriesThreshold
    if features.has("exemplar-storage") { options.exemplarsMax = config.exemplarsMax ?? 100_000 }
    return options
  }

  /// Whether nobody said how long samples are kept; a bound of 0 is none, as in Prometheus.
  func usesDefaultRetention(_ config: StorageConfig) -> Bool {
    let ageMs = config.retentionMs ?? flags.durationMs("storage.tsdb.retention.time") ?? 0
    let bytes = config.retentionBytes ?? flags.bytes("storage.tsdb.retention.size") ?? 0
    return ageMs <= 0 && bytes <= 0 && (config.retentionPercentage ?? 0) <= 0
  }

  /// What was given and is not done as it was said.
  var warnings: [String] {
    guard let interval = flags.durationMs("storage.tsdb.block-reload-interval"), interval < 1000
    else { return [] }
    return [
      "The option --storage.tsdb.block-reload-interval is set to a value less than 1s. "
        + "Setting it to 1s to avoid overload."
    ]
  }

  private var walCompression: WALCompression {
    guard flags.bool("storage.tsdb.wal-compression") else { return .none }
    return WALCompression(rawValue: flags.text("storage.tsdb.wal-compression-type")) ?? .snappy
  }

  static let defaultRetentionMs: Int64 = 15 * 86_400_000

  /// `15d`, `512MiB` or both, as the runtime page shows it.
  func retentionText(_ config: StorageConfig) -> String {
    let options = storageOptions(config)
    var parts: [String] = []
    if options.retentionMs > 0 { parts.append(DurationText.text(ms: options.retentionMs)) }
    if options.retentionBytesMax > 0 {
      parts.append(ByteSizeText.text(bytes: options.retentionBytesMax))
    }
    if options.retentionPercentage > 0 {
      parts.append(FloatText.f(options.retentionPercentage) + "%")
    }
    return parts.joined(separator: " or ")
  }
}
