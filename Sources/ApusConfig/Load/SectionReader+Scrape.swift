internal import ApusModel

extension SectionReader {
  func scrapeConfig(_ record: Record, global: GlobalConfig) -> ScrapeConfig {
    var config = ScrapeConfig()
    config.jobName = record.string("job_name")
    if config.jobName.isEmpty && !record.isUnreadable("job_name") {
      fail(record.line, "job_name is empty")
    }
    readTimes(record, global, &config)
    readHistograms(record, global, &config)
    readProtocols(record, global, &config)
    readNames(record, global, &config)
    config.metricsPath = record.string("metrics_path")
    config.scheme = record.string("scheme")
    config.parameters = record.stringsMap("params").sorted { precedes($0.key, $1.key) }
      .map { QueryParameter(name: $0.key, values: $0.values) }
    config.honorsLabels = record.bool("honor_labels")
    config.honorsTimestamps = record.bool("honor_timestamps")
    config.tracksTimestampsStaleness = record.bool("track_timestamps_staleness")
    config.enablesCompression = record.bool("enable_compression")
    config.limits = scrapeLimits(record, global.limits)
    config.hasExtraScrapeMetrics =
      record.optionalBool("extra_scrape_metrics") ?? global.hasExtraScrapeMetrics
    config.scrapeFailureLogFile = path(record, "scrape_failure_log_file")
    if config.scrapeFailureLogFile.isEmpty {
      config.scrapeFailureLogFile = global.scrapeFailureLogFile
    }
    config.client = httpClient(record)
    let rules = record.objects("relabel_configs")
    config.discovery = discovery(record, checksAddresses: rules.isEmpty)
    config.relabelRules = relabelRules(
      record, "relabel_configs",
      nullText: "empty or null target relabeling rule in scrape config",
      validation: config.nameValidation)
    config.metricRelabelRules = relabelRules(
      record, "metric_relabel_configs",
      nullText: "empty or null metric relabeling rule in scrape config",
      validation: config.nameValidation)
    show(record, config)
    return config
  }

  private func readTimes(
    _ record: Record, _ global: GlobalConfig, _ config: inout ScrapeConfig
  ) {
    config.intervalMs = positive(
      record.durationMs("scrape_interval"), or: global.scrapeIntervalMs)
    let timeout = record.durationMs("scrape_timeout")
    if timeout > config.intervalMs && !record.isUnreadable("scrape_interval") {
      fail(
        record.line(of: "scrape_timeout"),
        "scrape timeout greater than scrape interval for \(job(config))")
    }
    config.timeoutMs = positive(timeout, or: min(global.scrapeTimeoutMs, config.intervalMs))
  }

  private func readHistograms(
    _ record: Record, _ global: GlobalConfig, _ config: inout ScrapeConfig
  ) {
    config.histograms.scrapesNative =
      record.optionalBool("scrape_native_histograms") ?? global.scrapesNativeHistograms
    config.histograms.convertsClassic =
      record.optionalBool("convert_classic_histograms_to_nhcb")
      ?? global.convertsClassicHistograms
    config.histograms.alwaysScrapesClassic =
      record.optionalBool("always_scrape_classic_histograms")
      ?? global.alwaysScrapesClassicHistograms
  }

  private func readProtocols(
    _ record: Record, _ global: GlobalConfig, _ config: inout ScrapeConfig
  ) {
    let textOrder: [ScrapeProtocol] = [.openMetrics1, .openMetrics0, .text1, .text0]
    let preset =
      global.scrapeProtocols
      ?? (config.histograms.scrapesNative ? [.protobuf] + textOrder : textOrder)
    config.protocols = protocols(record, context: "for \(job(config))") ?? preset
    let fallback = record.string("fallback_scrape_protocol")
    guard !fallback.isEmpty else { return }
    config.fallbackProtocol = ScrapeProtocol(rawValue: fallback)
    if config.fallbackProtocol == nil {
      fail(
        record.line(of: "fallback_scrape_protocol"),
        "invalid fallback_scrape_protocol for \(job(config)): \(unknownProtocol(fallback))")
    }
  }

  private func readNames(
    _ record: Record, _ global: GlobalConfig, _ config: inout ScrapeConfig
  ) {
    let own = nameValidation(record)
    config.nameValidation = own ?? global.nameValidation
    let text = record.string("metric_name_escaping_scheme")
    if text.isEmpty {
      let byValidation: NameEscaping =
        config.nameValidation == .legacy ? .underscores : .allowUTF8
      // A job that only asks for legacy names must not inherit that UTF-8 is allowed.
      config.nameEscaping = own == nil ? global.nameEscaping ?? byValidation : byValidation
    } else if let scheme = NameEscaping(rawValue: text) {
      config.nameEscaping = scheme
    } else {
      fail(
        record.line(of: "metric_name_escaping_scheme"),
        "unknown scrape config name escaping method specified, must be one of "
          + "\(Self.escapings), got \(GoQuote.quote(text))")
      return
    }
    if config.nameEscaping == .allowUTF8 && config.nameValidation != .utf8 {
      fail(
        record.line(of: "metric_name_escaping_scheme"),
        "utf8 metric names requested but validation scheme is not set to UTF8")
    }
  }

  /// A limit of 0 is taken from `global`.
  private func scrapeLimits(_ record: Record, _ global: ScrapeLimits) -> ScrapeLimits {
    var limits = limits(record)
    func inherit(_ path: WritableKeyPath<ScrapeLimits, Int>) {
      if limits[keyPath: path] == 0 { limits[keyPath: path] = global[keyPath: path] }
    }
    inherit(\.bodyBytes)
    inherit(\.samples)
    inherit(\.labels)
    inherit(\.labelNameBytes)
    inherit(\.labelValueBytes)
    inherit(\.targets)
    inherit(\.keptDroppedTargets)
    limits.nativeHistogramBuckets = count(record, "native_histogram_bucket_limit")
    limits.nativeHistogramMinBucketFactor = record.float("native_histogram_min_bucket_factor")
    return limits
  }

  private func job(_ config: ScrapeConfig) -> String {
    "scrape config with job name \(GoQuote.quote(config.jobName))"
  }

  private func show(_ record: Record, _ config: ScrapeConfig) {
    record.set("scrape_interval", .duration(config.intervalMs))
    record.set("scrape_timeout", .duration(config.timeoutMs))
    record.set("scrape_protocols", .strings(config.protocols.map(\.rawValue)))
    record.set("scrape_native_histograms", .bool(config.histograms.scrapesNative))
    record.set(
      "always_scrape_classic_histograms", .bool(config.histograms.alwaysScrapesClassic))
    record.set("convert_classic_histograms_to_nhcb", .bool(config.histograms.convertsClassic))
    record.set("metric_name_validation_scheme", .string(config.nameValidation.rawValue))
    record.set("metric_name_escaping_scheme", .string(config.nameEscaping.rawValue))
    record.set("extra_scrape_metrics", .bool(config.hasExtraScrapeMetrics))
    record.set("scrape_failure_log_file", .string(config.scrapeFailureLogFile))
    let limits = config.limits
    record.set("body_size_limit", .size(Int64(limits.bodyBytes)))
    record.set("sample_limit", .uint(UInt64(limits.samples)))
    record.set("label_limit", .uint(UInt64(limits.labels)))
    record.set("label_name_length_limit", .uint(UInt64(limits.labelNameBytes)))
    record.set("label_value_length_limit", .uint(UInt64(limits.labelValueBytes)))
    record.set("target_limit", .uint(UInt64(limits.targets)))
    record.set("keep_dropped_targets", .uint(UInt64(limits.keptDroppedTargets)))
  }
}
