internal import ApusRemote
internal import ApusSystem

extension WebHandlers {
  /// Remote write: protobuf compressed with snappy.
  func remoteWrite(_ request: WebRequest) async -> WebResponse {
    guard let receiver = backends.writes else {
      return .text(
        "remote write receiver needs to be enabled with --web.enable-remote-write-receiver",
        status: 404)
    }
    let outcome = await backends.workers.run {
      receiver.receive(
        contentType: request.headers["content-type"],
        contentEncoding: request.headers["content-encoding"], body: request.body)
    }
    var response =
      outcome.text.isEmpty
      ? WebResponse(status: outcome.status) : .text(outcome.text, status: outcome.status)
    if let written = outcome.written {
      let prefix = "X-Prometheus-Remote-Write-"
      response.headers += [
        ("\(prefix)Samples-Written", "\(written.samples)"),
        ("\(prefix)Histograms-Written", "\(written.histograms)"),
        ("\(prefix)Exemplars-Written", "\(written.exemplars)"),
      ]
    }
    return response
  }

  /// Remote read: samples, or chunks in frames.
  func remoteRead(_ request: WebRequest) async -> WebResponse {
    guard let server = backends.reads else {
      return .text("remote read is not served here", status: 404)
    }
    let answer = await backends.workers.run { server.answer(request.body) }
    switch answer {
    case .failed(let failure): return .text(failure.text, status: failure.status)
    case .samples(let bytes):
      return WebResponse(
        status: 200,
        headers: [("Content-Type", "application/x-protobuf"), ("Content-Encoding", "snappy")],
        body: .bytes(bytes))
    case .frames(let frames):
      let type = "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse"
      return WebResponse(
        status: 200, headers: [("Content-Type", type)], body: .pieces(FramePieces(frames)))
    }
  }

  /// OpenTelemetry metrics: protobuf, plain or in gzip.
  func otlpWrite(_ request: WebRequest) async -> WebResponse {
    guard let receiver = backends.otlp else {
      return .text(
        "otlp write receiver needs to be enabled with --web.enable-otlp-receiver", status: 404)
    }
    let outcome = await backends.workers.run {
      receiver.receive(
        contentType: request.headers["content-type"],
        contentEncoding: request.headers["content-encoding"], body: request.body)
    }
    return outcome.text.isEmpty
      ? WebResponse(status: outcome.status) : .text(outcome.text, status: outcome.status)
  }
}

/// The frames of a remote read as pieces of an answer.
private struct FramePieces: PieceSource {
  private let frames: ReadFrames

  init(_ frames: ReadFrames) { self.frames = frames }

  func next() -> [UInt8]? { frames.next() }

  var hasFailed: Bool { frames.failure != nil }
}
