internal import ApusConfig
internal import ApusHTTP
internal import ApusModel
internal import ApusSystem
internal import Foundation

/// One parameter of a request.
struct FormField {
  let name: String
  let value: String

  init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }

  static func encoded(_ fields: [FormField]) -> String {
    fields.map { "\(escaped($0.name))=\(escaped($0.value))" }.joined(separator: "&")
  }

  static func escaped(_ text: String) -> String { URLText.escaped(text, blank: "%20") }
}

/// Asks a server's HTTP API and prints what it answers, as promtool does.
struct APIClient {
  private let base: String
  private let output: OutputFormat
  private let headers: [(name: String, value: String)]
  private let fetcher: any HTTPFetcher

  /// - Parameter headers: `name=value` each.
  init(
    server: String, httpConfigFile: String, headers: [String] = [],
    format: OutputFormat = .promql
  ) throws {
    base = ServerURL.base(server)
    output = format
    fetcher = try ClientFile.fetcher(httpConfigFile)
    self.headers = headers.compactMap { text in
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      return parts.count == 2 ? (name: parts[0], value: parts[1]) : nil
    }
  }

  var nowMs: Int64 { Console.current.clock.nowMs }

  /// Posts a form, or asks with a query string, and shows the answer's data.
  func show(path: String, form: [FormField] = [], query: [FormField] = []) async throws {
    let data: Any
    do {
      data = try await ask(path: path, form: form, query: query)
    } catch let error as APIError {
      throw CommandFailure("query error: \(error)")
    }
    let text = output == .json ? try AnswerText.json(data) : AnswerText.promql(data)
    if !text.isEmpty { Output.line(text) }
  }

  /// The data of an answer. Warnings go to standard error.
  /// - Throws: `APIError`.
  func ask(path: String, form: [FormField] = [], query: [FormField] = []) async throws -> Any {
    var url = base + path
    if !query.isEmpty { url += "?" + FormField.encoded(query) }
    var request = FetchRequest(url: url, timeoutMs: 120_000)
    request.headers = headers
    if !form.isEmpty {
      request.method = "POST"
      request.headers.append((name: "Content-Type", value: "application/x-www-form-urlencoded"))
      request.body = Array(FormField.encoded(form).utf8)
    }
    do {
      return try data(of: try await fetcher.fetch(request))
    } catch let error as FetchError {
      throw APIError(description: "\(error)")
    }
  }

  private func data(of answer: FetchResponse) throws(APIError) -> Any {
    let parsed = try? JSONSerialization.jsonObject(with: Data(answer.body))
    guard let envelope = parsed as? [String: Any], let status = envelope["status"] as? String
    else {
      let body = String(decoding: answer.body, as: UTF8.self)
        .trimmingCharacters(in: .whitespacesAndNewlines)
      let kind =
        answer.status / 100 == 5 ? "server_error: server error" : "client_error: client error"
      throw APIError(
        description: "\(kind): \(answer.status)" + (body.isEmpty ? "" : " (detail: \(body))"))
    }
    for warning in (envelope["warnings"] as? [String]) ?? [] {
      Output.errorLine("query warning: \(warning)")
    }
    guard status == "success", let data = envelope["data"] else {
      let type = envelope["errorType"] as? String ?? ""
      throw APIError(description: "\(type): \(envelope["error"] as? String ?? "")")
    }
    return data
  }
}

/// Why a server did not answer a question.
struct APIError: Error, CustomStringConvertible {
  let description: String
}

/// One point of a series in an answer: `[1609954636.5, "1.25"]`.
struct AnswerPoint {
  let timeMs: Int64
  let value: Double

  init?(_ pair: [Any]) {
    guard pair.count == 2, let time = (pair[0] as? NSNumber)?.doubleValue,
      let timeMs = Int64(exactly: (time * 1_000).rounded()),
      let value = (pair[1] as? String).flatMap({ try? FloatText.parse($0) })
    else { return nil }
    self.timeMs = timeMs
    self.value = value
  }
}

enum ServerURL {
  /// The URL without a slash at its end; `http` where it names no scheme.
  static func base(_ server: String) -> String {
    var url = server.contains("://") ? server : "http://\(server)"
    while url.hasSuffix("/") { url.removeLast() }
    return url
  }
}

/// The file of --http.config.file.
enum ClientFile {
  static func fetcher(_ path: String) throws -> any HTTPFetcher {
    var config = HTTPClientConfig()
    if !path.isEmpty {
      do {
        config = try ConfigLoader(
          files: PosixFileSystem(), environment: { ProcessInfo.processInfo.environment[$0] }
        ).loadHTTPClient(path: path)
      } catch {
        throw CommandFailure("Failed to load HTTP config file: \(error)")
      }
    }
    return try PooledFetcherFactory(files: PosixFileSystem()).fetcher(for: config)
  }
}
