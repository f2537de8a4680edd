/// What a handler answers.
package struct WebResponse: Sendable {
  package enum Body: Sendable {
    case bytes([UInt8])
    /// Made piece by piece while the client takes them, so that a big answer never stands in
    /// memory as a whole.
    case pieces(any PieceSource)
    /// Comes when there is something to tell; no thread waits for it.
    case events(any EventSource)
  }

  package var status: Int
  package var headers: [(name: String, value: String)]
  package var body: Body

  package init(
    status: Int, headers: [(name: String, value: String)] = [], body: Body = .bytes([])
  ) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// Plain text as Go's `http.Error` sends it: with a line break at the end.
  package static func text(_ text: String, status: Int = 200) -> WebResponse {
    WebResponse(
      status: status,
      headers: [
        ("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff"),
      ],
      body: .bytes(Array((text + "\n").utf8)))
  }

  /// Plain text to the byte.
  package static func plain(_ text: String, status: Int = 200) -> WebResponse {
    WebResponse(
      status: status, headers: [("Content-Type", "text/plain; charset=utf-8")],
      body: .bytes(Array(text.utf8)))
  }

  package static let noContent = WebResponse(status: 204)

  package static func redirect(to location: String, status: Int = 302) -> WebResponse {
    WebResponse(status: status, headers: [("Location", location)])
  }

  /// The first value of a header field.
  package func header(_ name: String) -> String? {
    headers.first { $0.name.lowercased() == name.lowercased() }?.value
  }
}

/// Makes the body of an answer piece by piece; runs on a worker.
package protocol PieceSource: Sendable {
  /// The next bytes; nil at the end. Pieces are about `Limits.pieceBytes` long.
  mutating func next() -> [UInt8]?

  /// Whether the end came too early: the client must not take the answer for a whole one.
  var hasFailed: Bool { get }
}

/// Tells something now and then, for as long as the client listens.
package protocol EventSource: Sendable {
  /// Returns when there is something to tell; nil at the end.
  mutating func next() async -> [UInt8]?
}

extension PieceSource {
  package var hasFailed: Bool { false }
}

extension WebResponse {
  /// The whole body; for tests and small answers.
  package func wholeBody() -> [UInt8] {
    switch body {
    case .bytes(let bytes): return bytes
    case .pieces(var source):
      var all: [UInt8] = []
      while let piece = source.next() { all += piece }
      return all
    case .events: return []
    }
  }
}
