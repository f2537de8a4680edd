internal import ApusHTTP
internal import ApusModel
internal import ApusSystem
internal import ApusTelemetry
internal import Synchronization

/// What all clients share.
struct ClientContext: Sendable {
  let options: NotifierOptions
  let clock: any WallClock
  let metrics: NotifyMetrics
  let log: Log
}

/// One Alertmanager: its queue, and the loop that empties it.
final class AlertmanagerClient: Sendable {
  let url: String
  private let timeoutMs: Int64
  private let fetcher: any HTTPFetcher
  private let context: ClientContext
  private let log: Log
  private let queue: Mutex<AlertQueue>
  private let wakes: AsyncStream<Void>
  private let wake: AsyncStream<Void>.Continuation

  init(url: String, timeoutMs: Int64, fetcher: any HTTPFetcher, context: ClientContext) {
    self.url = url
    self.timeoutMs = timeoutMs
    self.fetcher = fetcher
    self.context = context
    log = context.log.with("alertmanager", url)
    queue = Mutex(AlertQueue(capacity: context.options.queueCapacity))
    (wakes, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    context.metrics.begin(url)
  }

  /// Puts alerts into the queue. Never waits.
  func enqueue(_ alerts: [Alert]) {
    let (dropped, count) = queue.withLock { queue in
      let dropped = queue.append(alerts)
      return (dropped, queue.count)
    }
    context.metrics.queueLengths[url].set(Double(count))
    if dropped.count > 0 { context.metrics.dropped[url].increment(by: Double(dropped.count)) }
    if dropped.fromBatch > 0 {
      log.warning(
        "Alert batch larger than queue capacity, dropping alerts",
        ["count": "\(dropped.fromBatch)"])
    }
    if dropped.fromQueue > 0 {
      log.warning(
        "Alert notification queue full, dropping alerts", ["count": "\(dropped.fromQueue)"])
    }
    wake.yield()
  }

  /// Ends `run()` once the queue is empty, or at once where draining is off.
  func stop() { wake.finish() }

  /// Sends until `stop()`, or until the task is cancelled.
  func run() async {
    for await _ in wakes {
      while !Task.isCancelled {
        let batch = takeBatch()
        if batch.isEmpty { break }
        await send(batch)
      }
    }
    if context.options.drainsOnShutdown {
      // The task may be cancelled already, and what the drain awaits must not be: it gets a task
      // of its own, which ends before this one.
      await Task { await drain() }.value
    }
    dropRest()
  }

  /// Sends all that waits, batch by batch; one that fails does not keep the next from being tried.
  /// What bounds it is the queue's capacity and the timeout of each request.
  private func drain() async {
    while true {
      let batch = takeBatch()
      if batch.isEmpty { return }
      await send(batch)
    }
  }

  private func dropRest() {
    let rest = queue.withLock { $0.take(max: .max / 2).count }
    guard rest > 0 else { return }
    context.metrics.dropped[url].increment(by: Double(rest))
    log.warning(
      "Alert notification queue not drained on shutdown, dropping alerts",
      ["count": "\(rest)"])
  }

  private func takeBatch() -> [Alert] {
    let (batch, count) = queue.withLock { queue in
      let batch = queue.take(max: context.options.batchSize)
      return (batch, queue.count)
    }
    context.metrics.queueLengths[url].set(Double(count))
    return batch
  }

  /// Posts one batch. One that fails is dropped: the next evaluation sends its alerts again.
  private func send(_ batch: [Alert]) async {
    let metrics = context.metrics
    let startNs = context.clock.monotonicNs
    var problem: String?
    do {
      try await post(batch)
    } catch {
      problem = "\(error)"
    }
    metrics.latencies[url].observe(Double(context.clock.monotonicNs - startNs) / 1e9)
    metrics.sent[url].increment(by: Double(batch.count))
    guard let problem else { return }
    metrics.errors[url].increment(by: Double(batch.count))
    metrics.dropped[url].increment(by: Double(batch.count))
    log.error("Error sending alerts", ["count": "\(batch.count)", "err": problem])
  }

  private func post(_ batch: [Alert]) async throws {
    var request = FetchRequest(
      url: url, timeoutMs: timeoutMs, bodyBytesMax: Limits.answerBytesMax)
    request.method = "POST"
    request.headers = [(name: "Content-Type", value: "application/json")]
    request.body = AlertPayload.json(batch)
    let answer = try await fetcher.fetch(request)
    guard answer.status / 100 == 2 else { throw BadStatus(status: answer.status) }
  }
}

/// An Alertmanager's refusal.
struct BadStatus: Error, CustomStringConvertible {
  let status: Int
  var description: String { "bad response status \(status)" }
}
