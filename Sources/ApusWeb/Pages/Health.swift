extension WebHandlers {
  func healthy(_ request: WebRequest) -> WebResponse {
    .plain("Prometheus Server is Healthy.\n")
  }

  func ready(_ request: WebRequest) -> WebResponse {
    .plain("Prometheus Server is Ready.\n")
  }
}
