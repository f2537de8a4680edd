extension WebHandlers {
  func reload(_ request: WebRequest) async -> WebResponse {
    if let refusal = lifecycleRefusal(request) { return refusal }
    if let problem = await backends.lifecycle.reload() {
      return .text("failed to reload config: \(problem)", status: 500)
    }
    return WebResponse(status: 200)
  }

  func quit(_ request: WebRequest) async -> WebResponse {
    if let refusal = lifecycleRefusal(request) { return refusal }
    backends.lifecycle.quit()
    return .plain("Requesting termination... Goodbye!")
  }

  private func lifecycleRefusal(_ request: WebRequest) -> WebResponse? {
    guard request.method == .post || request.method == .put else {
      return .plain("Only POST or PUT requests allowed", status: 405)
    }
    guard options.allowsLifecycle else {
      return .plain("Lifecycle API is not enabled.", status: 403)
    }
    return nil
  }

  func debug(_ request: WebRequest) async -> WebResponse {
    .plain(
      """
      There are no profiles of a Go runtime here: this server is not written in Go.
      To see where it spends its time: perf record -g -p PID, then perf report.
      To see what it holds in memory: /metrics (process_resident_memory_bytes, prometheus_tsdb_*).

      """, status: 404)
  }
}
