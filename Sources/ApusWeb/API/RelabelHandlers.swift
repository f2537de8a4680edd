extension WebHandlers {
  func relabelSteps(_ request: WebRequest) async -> WebResponse {
    Envelope.failure(APIError(.badData, "no scrapePool parameter provided"))
  }
}
