internal import ApusHTTP
internal import ArgumentParser

/// What `check healthy` and `check ready` share.
struct HealthOptions: ParsableArguments {
  @Option(
    name: .customLong("http.config.file"),
    help: "HTTP client configuration file for promtool to connect to Prometheus.")
  var httpConfigFile = ""

  @Option(help: "The URL for the Prometheus server.") var url = "http://localhost:9090"

  func check(_ path: String) async throws {
    let url = ServerURL.base(url) + path
    let fetcher = try ClientFile.fetcher(httpConfigFile)
    do {
      let answer = try await fetcher.fetch(FetchRequest(url: url, timeoutMs: 10_000))
      guard answer.status == 200 else {
        throw CommandFailure("check failed: URL=\(url), status=\(answer.status)")
      }
      Output.errorLine("  SUCCESS:  " + String(decoding: answer.body, as: UTF8.self))
    } catch let error as FetchError {
      throw CommandFailure("\(error)")
    }
  }
}

/// `check healthy`
struct CheckHealthy: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "healthy", abstract: "Check if the Prometheus server is healthy.")

  @OptionGroup var global: GlobalOptions
  @OptionGroup var options: HealthOptions

  func run() async throws { try await options.check("/-/healthy") }
}

/// `check ready`
struct CheckReady: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ready", abstract: "Check if the Prometheus server is ready.")

  @OptionGroup var global: GlobalOptions
  @OptionGroup var options: HealthOptions

  func run() async throws { try await options.check("/-/ready") }
}
