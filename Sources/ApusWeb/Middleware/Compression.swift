internal import ApusSystem

/// Compresses answers for clients that take them compressed.
extension WebHandlers {
  /// The first of gzip and deflate that the client names; weights do not matter.
  ///
  /// Source: Prometheus, util/httputil/compression.go.
  static func encoding(accepted: String?) -> GzipStream.Format? {
    for part in (accepted ?? "").split(separator: ",") {
      let name = part.prefix { $0 != ";" }.filter { $0 != " " }
      if name == "gzip" { return .gzip }
      if name == "deflate" { return .zlib }
    }
    return nil
  }

  /// To be called on a worker.
  func compressed(_ response: WebResponse, for request: WebRequest) -> WebResponse {
    guard response.header("content-encoding") == nil,
      let format = WebHandlers.encoding(accepted: request.headers["accept-encoding"])
    else { return response }
    var out = response
    switch response.body {
    case .bytes(let bytes):
      guard bytes.count >= Limits.compressedBytesMin else { return response }
      out.body = .bytes(GzipStream.compress(bytes, format))
    case .pieces(let source):
      out.body = .pieces(CompressedPieces(source, GzipStream(format)))
    case .events: return response
    }
    out.headers.append(("Content-Encoding", format == .gzip ? "gzip" : "deflate"))
    return out
  }
}

/// Pieces of an answer, compressed.
struct CompressedPieces: PieceSource {
  private var source: any PieceSource
  private let stream: GzipStream
  private var isDone = false

  var hasFailed: Bool { source.hasFailed }

  init(_ source: any PieceSource, _ stream: GzipStream) {
    self.source = source
    self.stream = stream
  }

  mutating func next() -> [UInt8]? {
    if isDone { return nil }
    // What goes in may make nothing come out yet.
    while let piece = source.next() {
      let out = stream.add(piece)
      if !out.isEmpty { return out }
    }
    isDone = true
    return stream.finish()
  }
}
