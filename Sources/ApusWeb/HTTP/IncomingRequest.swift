internal import NIOCore
internal import NIOHTTP1

/// A request while it is read: what its head says, and as much of its body as is wanted.
struct IncomingRequest: Sendable {
  /// Without body and form.
  let head: WebRequest
  let version: HTTPVersion
  let plan: WebHandlers.Decision
  let startNs: UInt64
  /// What the head says; 0 where it does not say.
  private let declaredBytes: Int
  private(set) var body: [UInt8] = []
  private(set) var bodyBytes = 0
  /// Whether nothing of it is still to come.
  private(set) var isWhole = false

  init(
    head: WebRequest, version: HTTPVersion, plan: WebHandlers.Decision, startNs: UInt64
  ) {
    self.head = head
    self.version = version
    self.plan = plan
    self.startNs = startNs
    declaredBytes = head.headers["content-length"].flatMap { Int($0) } ?? 0
    let hasBody = declaredBytes > 0 || head.headers["transfer-encoding"] != nil
    isWhole = !hasBody
    body.reserveCapacity(min(declaredBytes, bodyBytesMax, Limits.pieceBytes))
  }

  /// Knows neither chunks nor connections that stay unless that is said.
  var isHTTP10: Bool { version.minor == 0 }

  var isHead: Bool { head.method == .head }

  /// What the request metrics call it.
  var label: String {
    switch plan {
    case .answer(_, let label): label
    case .run(let route, _, _): route.label
    }
  }

  /// Bytes of the body that the route takes.
  private var bodyBytesMax: Int {
    if case .run(let route, _, _) = plan { return route.bodyBytesMax }
    return 0
  }

  /// Whether its body is of any use.
  var isWanted: Bool {
    if case .run = plan { return declaredBytes <= bodyBytesMax }
    return false
  }

  /// Whether the answer means nothing once the client has gone.
  var endsWithClient: Bool {
    if case .run(let route, _, _) = plan { return route.needsReady || route.methods == [.get] }
    return true
  }

  /// The client does not send the body before it is told to.
  var waitsForContinue: Bool {
    !isWhole && head.headers["expect"]?.lowercased() == "100-continue"
  }

  /// Too large for the route; read to its end all the same, so that the client comes to read the
  /// answer.
  var isTooLarge: Bool {
    if case .run = plan { return max(bodyBytes, declaredBytes) > bodyBytesMax }
    return false
  }

  /// So large that nobody reads it to its end.
  var isEndless: Bool { max(bodyBytes, declaredBytes) > Limits.discardedBytesMax }

  mutating func add(_ bytes: ByteBuffer) {
    bodyBytes += bytes.readableBytes
    if bodyBytes <= bodyBytesMax && declaredBytes <= bodyBytesMax {
      body.append(contentsOf: bytes.readableBytesView)
    }
  }

  mutating func end() { isWhole = true }
}
