internal import ApusSystem
internal import ApusTelemetry

/// Keeps one part of the store like the cluster: lists everything, then watches for changes from
/// there on. A watch that ends goes on where it was; only when the cluster has forgotten that
/// state is everything listed again.
struct KubernetesWatch: Sendable {
  let part: KubernetesStore.Part
  /// Label and field selectors, as the API takes them.
  let query: [(String, String)]
  let api: KubernetesAPI
  let store: KubernetesStore
  let clock: any WallClock
  let random: any RandomSource
  let log: Log

  func run() async throws {
    var version: String?
    var waitMs = Limits.kubernetesRetryMsMin
    while true {
      let startMs = clock.nowMs
      let events = KubernetesEvents(part: part, store: store)
      do {
        if version == nil {
          var seen: Set<KubernetesKey> = []
          version = try await api.list(path, query: query) {
            seen.formUnion(await store.take(part, $0))
          }
          await store.finish(part, seen)
        }
        try await watch(from: version ?? "", events)
        version = await events.version ?? version
        waitMs = Limits.kubernetesRetryMsMin
        // One that ends at once must not be asked for again and again.
        if clock.nowMs - startMs < waitMs { try await clock.sleep(forMs: waitMs) }
      } catch {
        try Task.checkCancellation()
        let seen = await events.version
        // The fetcher tells of its own trouble only that a reader ended the answer.
        let error = await events.failure ?? error
        version = error is KubernetesAPI.Gone ? nil : seen ?? version
        if seen != nil { waitMs = Limits.kubernetesRetryMsMin }
        api.metrics.failures.increment()
        log.warning(
          "Failed to list or watch, trying again",
          ["resource": part.resource.rawValue, "namespace": part.namespace, "err": "\(error)"])
        try await clock.sleep(forMs: waitMs)
        waitMs = min(2 * waitMs, Limits.kubernetesRetryMsMax)
      }
    }
  }

  private var path: String { part.resource.path(namespace: part.namespace) }

  private func watch(from version: String, _ events: KubernetesEvents) async throws {
    let watching = [
      ("watch", "true"), ("allowWatchBookmarks", "true"), ("resourceVersion", version),
    ]
    // Of different lengths, so that not all begin again at the same time.
    let extraMs = Int64(random.next() % UInt64(Limits.kubernetesWatchMs))
    try await api.watch(
      path, query: query + watching, lastingMs: Limits.kubernetesWatchMs + extraMs
    ) { try await events.take($0) }
    try await events.end()
  }
}

/// Takes the bytes of one watch, an event on each line, to the store.
actor KubernetesEvents {
  /// Of the latest event; nil before the first one.
  private(set) var version: String?
  /// Why the events were not taken any more.
  private(set) var failure: (any Error)?
  private let part: KubernetesStore.Part
  private let store: KubernetesStore
  private var line: [UInt8] = []

  init(part: KubernetesStore.Part, store: KubernetesStore) {
    self.part = part
    self.store = store
  }

  /// - Throws: where the bytes are no events, or tell an error.
  func take(_ piece: [UInt8]) async throws {
    var rest = piece[...]
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      line += rest[..<end]
      rest = rest[(end + 1)...]
      let whole = line
      line = []
      do {
        try await event(whole)
      } catch {
        failure = error
        throw error
      }
    }
    line += rest
    if line.count > Limits.kubernetesEventBytesMax {
      throw TargetSourceError("an event of more than \(Limits.kubernetesEventBytesMax) bytes")
    }
  }

  /// The last event may come without the end of its line; what was cut off is none.
  func end() async throws {
    let whole = line
    line = []
    guard let tree = try? JSONTree.parse(whole), !tree["type"].text.isEmpty else { return }
    try await event(whole)
  }

  private func event(_ line: [UInt8]) async throws {
    if line.allSatisfy({ $0 == 32 || $0 == 13 }) { return }
    let event = try await JSONTree.decode(line)
    let object = event["object"]
    switch event["type"].text {
    case "ADDED", "MODIFIED": await store.update(part, object)
    case "DELETED": await store.delete(part, object)
    case "BOOKMARK": break
    case "ERROR":
      let text = "\(object["reason"].text): \(object["message"].text)"
      if object["code"].integer == 410 || object["reason"].text == "Expired" {
        throw KubernetesAPI.Gone(description: text)
      }
      throw TargetSourceError("the watch ended with an error: \(text)")
    default: throw TargetSourceError("an unknown event \(event["type"].text)")
    }
    let new = object["metadata"]["resourceVersion"].text
    if !new.isEmpty { version = new }
  }
}
