internal import ApusConfig
internal import ApusExposition
package import ApusHTTP
internal import ApusModel
package import ApusStorage
package import ApusSystem
internal import ApusTelemetry
internal import Synchronization

/// The doors that scraping needs.
package struct ScrapeDoors: Sendable {
  package let fetchers: any HTTPFetcherFactory
  package let appender: any Appender
  /// Reads and stores bodies, off the cooperative pool.
  package let workers: WorkerPool
  package let clock: any WallClock
  let failures: FailureLog

  /// - Parameter files: where jobs log their failed scrapes, if they do.
  package init(
    fetchers: any HTTPFetcherFactory, appender: any Appender, workers: WorkerPool,
    clock: any WallClock, files: any FileSystem
  ) {
    failures = FailureLog(files: files)
    self.fetchers = fetchers
    self.appender = appender
    self.workers = workers
    self.clock = clock
  }
}

/// One target: fetch, read, store, report. One scrape at a time; the pool says when.
final class ScrapeLoop: Sendable {
  let target: Target
  private let rules: SampleRules
  private let request: FetchRequest
  private let fallback: String?
  private let job: String
  /// Empty for none.
  private let failureLogPath: String
  private let fetcher: any HTTPFetcher
  private let doors: ScrapeDoors
  private let metrics: ScrapeMetrics
  private let log: Log
  private let ingest: Mutex<ScrapeIngest>
  private let health = Mutex(Health())

  /// What pages show; apart from `ingest`, which is locked for as long as a scrape is stored.
  struct Health {
    var error = ""
    var lastScrapeMs: Int64?
    var lastSeconds = 0.0
    var state = TargetStatus.Health.unknown
    /// Whether the target is gone, and adds to no gauge any more.
    var isOver = false
    /// What the target adds to the job's gauges.
    var metadataEntries = 0
    var metadataBytes = 0
    /// Set where the target must not be scraped, such as for a target limit.
    var forcedError: String?
  }

  init(
    _ target: Target, _ config: ScrapeConfig, fetcher: any HTTPFetcher, _ doors: ScrapeDoors,
    _ options: ScrapeOptions, _ metrics: ScrapeMetrics, _ log: Log
  ) {
    self.target = target
    self.fetcher = fetcher
    self.doors = doors
    self.metrics = metrics
    self.log = log.with("target", target.url)
    rules = SampleRules(
      config, targetLabels: target.labels, histograms: target.histograms,
      addsTypeAndUnit: options.addsTypeAndUnit)
    job = config.jobName
    failureLogPath = config.scrapeFailureLogFile
    fallback = config.fallbackProtocol.map { $0.mediaType }
    request = ScrapeRequest.make(target, config, userAgent: options.userAgent)
    let hasExtra = config.hasExtraScrapeMetrics || options.hasExtraScrapeMetrics
    ingest = Mutex(
      ScrapeIngest(
        target: target.labels,
        extra: hasExtra
          ? (Double(target.timeoutMs) / 1000, config.limits.samples) : nil))
  }

  /// Takes over what is known of the target, and its series too if the rules are the same.
  func inherit(from old: ScrapeLoop, series: Bool) {
    var then = old.health.withLock { $0 }
    if !series { (then.metadataEntries, then.metadataBytes) = (0, 0) }
    health.withLock { [then] in $0 = then }
    guard series else { return }
    let cache = old.ingest.withLock { $0 }
    ingest.withLock { $0.inherit(cache) }
  }

  /// The target is gone; a scrape that runs may still end.
  func retire() {
    count(metadataEntries: 0, 0)
    health.withLock { $0.isOver = true }
  }

  func force(error: String?) { health.withLock { $0.forcedError = error } }

  /// Scrapes once. Never fails: what goes wrong is stored as `up == 0` and shown.
  func scrape(timeMs: Int64) async {
    let startNs = doors.clock.monotonicNs
    observeInterval(timeMs)
    let fetched: Fetched
    if let forced = health.withLock({ $0.forcedError }) {
      fetched = .failed(ScrapeFailure(forced))
    } else {
      guard let answer = await fetch() else { return }
      fetched = answer
    }
    await doors.workers.run { self.store(fetched, timeMs: timeMs, startNs: startNs) }
  }

  /// Writes the end of all series of a target that is gone.
  func end(timeMs: Int64, but others: Set<SeriesRef>) async {
    guard health.withLock({ $0.lastScrapeMs }) != nil else { return }
    await doors.workers.run {
      do throws(StorageError) {
        try self.ingest.withLock { ingest throws(StorageError) in
          try ingest.end(timeMs: timeMs, but: others, to: self.doors.appender)
        }
      } catch {
        self.log.warning("Stale append failed", ["err": error.description])
      }
    }
  }

  var liveRefs: Set<SeriesRef> { ingest.withLock { $0.liveRefs } }
  var metadata: [String: MetricMetadata] { ingest.withLock { $0.cache.metadata.all } }
  var currentHealth: Health { health.withLock { $0 } }

  private func observeInterval(_ timeMs: Int64) {
    guard let last = health.withLock({ $0.lastScrapeMs }) else { return }
    let label = DurationText.text(ms: target.intervalMs)
    let seconds = Double(timeMs - last) / 1000
    metrics.intervals[label].observe(seconds)
    metrics.intervalHistogram[label].observe(seconds)
  }
}

/// The way of one scrape.
extension ScrapeLoop {
  private enum Fetched: Sendable {
    case body([UInt8], contentType: String)
    case failed(ScrapeFailure)
  }

  /// Nil where the server is shutting down: a scrape cut short says nothing about the target.
  private func fetch() async -> Fetched? {
    let response: FetchResponse
    do {
      response = try await fetcher.fetch(request)
    } catch let error as FetchError {
      let isBodyLimit = error.reason == .bodyTooLarge
      return .failed(ScrapeFailure(error.description, isBodyLimit: isBodyLimit))
    } catch {
      return Task.isCancelled ? nil : .failed(ScrapeFailure("\(error)"))
    }
    guard response.status == 200 else {
      return .failed(
        ScrapeFailure("server returned HTTP status \(HTTPStatusText.text(response.status))"))
    }
    return .body(response.body, contentType: response.header("Content-Type") ?? "")
  }

  private func store(_ fetched: Fetched, timeMs: Int64, startNs: UInt64) {
    switch fetched {
    case .failed(let failure):
      log.debug("Scrape failed", ["err": failure.text])
      logFailure(failure.text, timeMs)
      if failure.isBodyLimit { metrics.exceededBodyLimit.increment() }
      storeNothing(failure, bodyBytes: failure.isBodyLimit ? -1 : 0, timeMs, startNs)
    case .body(let body, let contentType):
      do throws(ScrapeFailure) {
        let counts = try storeBody(body, contentType, timeMs, startNs)
        report(nil, timeMs, seconds(since: startNs))
        measureMetadata()
        tell(counts)
      } catch {
        log.debug("Append failed", ["err": error.text])
        if error.isBucketLimit { metrics.exceededBucketLimit.increment() }
        if error.isSampleLimit { metrics.exceededSampleLimit.increment() }
        if error.isLabelLimit { metrics.exceededLabelLimits.increment() }
        storeNothing(error, bodyBytes: body.count, timeMs, startNs)
      }
    }
    metrics.duration.observe(seconds(since: startNs))
  }

  private func storeBody(
    _ body: [UInt8], _ contentType: String, _ timeMs: Int64, _ startNs: UInt64
  ) throws(ScrapeFailure) -> ScrapeBatch.Counts {
    // An empty body is a good scrape without samples, whatever it calls itself.
    let format = body.isEmpty ? .text : try format(contentType)
    let reading = ScrapeReading(
      format: format, timeMs: timeMs, maxTimeMs: doors.clock.nowMs + Limits.aheadMsMax,
      rules: rules)
    return try ingest.withLock { ingest throws(ScrapeFailure) in
      try ingest.store(body: body, reading, to: doors.appender) { counts in
        ScrapeReport(
          isUp: true, seconds: seconds(since: startNs), counts: counts, bodyBytes: body.count)
      }
    }
  }

  private func format(_ contentType: String) throws(ScrapeFailure) -> ExpositionFormat {
    do throws(ExpositionError) {
      let choice = try ContentNegotiation.format(contentType: contentType, fallback: fallback)
      if let warning = choice.warning {
        log.debug(
          "Invalid content type on scrape, using fallback setting.",
          ["content_type": contentType, "err": warning])
      }
      return choice.format
    } catch {
      log.error(
        "Failed to determine correct type of scrape target.",
        ["content_type": contentType, "err": error.description])
      throw ScrapeFailure(error.description)
    }
  }

  private func storeNothing(
    _ failure: ScrapeFailure, bodyBytes: Int, _ timeMs: Int64, _ startNs: UInt64
  ) {
    let seconds = seconds(since: startNs)
    let told = ScrapeReport(
      isUp: false, seconds: seconds, counts: failure.counts, bodyBytes: bodyBytes)
    do throws(StorageError) {
      try ingest.withLock { ingest throws(StorageError) in
        try ingest.storeNothing(timeMs: timeMs, told, to: doors.appender)
      }
    } catch {
      log.error("Scrape commit failed", ["err": error.description])
    }
    report(failure, timeMs, seconds)
  }

  private func report(_ failure: ScrapeFailure?, _ timeMs: Int64, _ seconds: Double) {
    health.withLock {
      $0.error = failure?.text ?? ""
      $0.state = failure == nil ? .up : .down
      $0.lastScrapeMs = timeMs
      $0.lastSeconds = seconds
    }
  }

  private func logFailure(_ text: String, _ timeMs: Int64) {
    guard !failureLogPath.isEmpty else { return }
    do throws(PosixError) {
      try doors.failures.write(
        text, job: job, target: target.url, timeMs: timeMs, to: failureLogPath)
    } catch {
      log.error("Failed to write to the scrape failure log", ["err": error.description])
    }
  }

  /// Brings the job's gauges up to date; they are sums over its targets.
  private func measureMetadata() {
    let (entries, bytes) = ingest.withLock {
      ($0.cache.metadata.count, $0.cache.metadata.bytes)
    }
    count(metadataEntries: entries, bytes)
  }

  private func count(metadataEntries entries: Int, _ bytes: Int) {
    let (moreEntries, moreBytes) = health.withLock { health in
      if health.isOver { return (0, 0) }
      defer { (health.metadataEntries, health.metadataBytes) = (entries, bytes) }
      return (entries - health.metadataEntries, bytes - health.metadataBytes)
    }
    if moreEntries != 0 { metrics.pools.metadataEntries[job].add(Double(moreEntries)) }
    if moreBytes != 0 { metrics.pools.metadataBytes[job].add(Double(moreBytes)) }
  }

  private func tell(_ counts: ScrapeBatch.Counts) {
    metrics.count(counts)
    if counts.outOfOrder > 0 {
      log.warning(
        "Error on ingesting out-of-order samples", ["num_dropped": "\(counts.outOfOrder)"])
    }
    if counts.duplicates > 0 {
      log.warning(
        "Error on ingesting samples with different value but same timestamp",
        ["num_dropped": "\(counts.duplicates)"])
    }
    if counts.outOfBounds > 0 {
      log.warning(
        "Error on ingesting samples that are too old or are too far into the future",
        ["num_dropped": "\(counts.outOfBounds)"])
    }
  }

  private func seconds(since startNs: UInt64) -> Double {
    Double(doors.clock.monotonicNs &- startNs) / 1e9
  }
}
