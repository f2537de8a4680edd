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
    return outcome.text.isEmpty
      ? WebResponse(status: outcome.status) : .text(outcome.text, status: outcome.status)
  }

  func remoteRead(_ request: WebRequest) async -> WebResponse {
    .text("remote read is not served here; query /api/v1/query_range instead", status: 404)
  }

  func otlpWrite(_ request: WebRequest) async -> WebResponse {
    .text(
      "otlp write receiver needs to be enabled with --web.enable-otlp-receiver", status: 404)
  }
}
