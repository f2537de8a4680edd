internal import ApusConfig
internal import ApusSystem
internal import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Synchronization

/// async-http-client behind the door: connections are kept, bodies bounded and expanded, redirects
/// followed without giving credentials away, and errors put in Go's words.
final class PooledFetcher: HTTPFetcher {
  private let config: HTTPClientConfig
  private let files: any FileSystem
  private let credentials: Credentials
  private let proxies: ProxyRules
  private let clients: Mutex<ClientSet>
  private let readsTLSFiles: Bool

  init(_ config: HTTPClientConfig, files: any FileSystem) throws(FetchError) {
    self.config = config
    self.files = files
    credentials = Credentials(config: config, files: files)
    proxies = ProxyRules(config, environment: ProcessInfo.processInfo.environment)
    let tls = config.tls
    readsTLSFiles = ![tls.caFile, tls.certificateFile, tls.keyFile].allSatisfy(\.isEmpty)
    clients = Mutex(try ClientSet(config, TLSMaterial(tls, files)))
  }

  func fetch(_ request: FetchRequest) async throws -> FetchResponse {
    let deadline = NIODeadline.now() + .milliseconds(request.timeoutMs)
    guard var url = RequestURL(request.url) else {
      throw FetchError(
        .badAddress, url: request.url,
        description: FetchErrorText.wrapped(
          request.method, request.url, "unsupported protocol scheme or missing host"))
    }
    let origin = url.host
    var method = request.method
    var body = request.body
    var isTrusted = true
    for _ in 0...Limits.redirectsMax {
      let step = Step(
        url: url, method: method, body: body, headers: request.headers, isTrusted: isTrusted,
        bodyBytesMax: request.bodyBytesMax > 0 ? request.bodyBytesMax : Limits.bodyBytesMax,
        deadline: deadline, onPiece: request.onPiece)
      let answer = try await send(step)
      guard config.followsRedirects, let next = try redirect(answer, from: step) else {
        return try await expanded(answer, step)
      }
      if answer.status < 307, method != "HEAD" {
        method = "GET"
        body = []
      }
      // Whoever is redirected to elsewhere must not learn what was meant for the origin.
      isTrusted = isTrusted && next.host == origin && (next.isSecure || !url.isSecure)
      url = next
    }
    throw FetchError(
      .protocolViolation, url: url.text,
      description: FetchErrorText.wrapped(
        method, url.text, "stopped after \(Limits.redirectsMax) redirects"))
  }

  /// One request of a chain of redirects.
  private struct Step {
    let url: RequestURL
    let method: String
    let body: [UInt8]
    let headers: [(name: String, value: String)]
    /// Whether credentials may be sent.
    let isTrusted: Bool
    let bodyBytesMax: Int
    let deadline: NIODeadline
    let onPiece: (@Sendable ([UInt8]) async throws -> Void)?
  }

  private func send(_ step: Step) async throws -> ResponseCollector.Answer {
    let serverName = step.url.isSecure ? config.tls.serverName : ""
    let proxy = proxies.proxy(for: step.url)
    let way = ClientSet.Way(
      proxy: proxy, isSecure: step.url.isSecure,
      connectHost: serverName.isEmpty ? nil : step.url.host)
    let set = try currentClients()
    var headers = HTTPHeaders()
    var address = step.url.text
    if !serverName.isEmpty || step.url.isSocket || proxy != nil && !step.url.isSecure {
      headers.add(name: "Host", value: step.url.authority)
    }
    if !serverName.isEmpty {
      address = step.url.with(host: serverName)
    } else if let proxy, !step.url.isSecure {
      address = step.url.with(host: proxy.host, port: proxy.port)
      if let user = proxy.userInfo {
        headers.add(
          name: "Proxy-Authorization", value: "Basic " + Base64.encode(user))
      }
    }
    for (name, value) in step.headers { headers.add(name: name, value: value) }
    if step.isTrusted {
      for (name, value) in try credentials.headers(for: step.url.text) {
        headers.add(name: name, value: value)
      }
    }
    let collector = ResponseCollector(bodyBytesMax: step.bodyBytesMax, onPiece: step.onPiece)
    let request: HTTPClient.Request
    do {
      request = try HTTPClient.Request(
        url: address,
        method: HTTPMethod(rawValue: step.method), headers: headers,
        body: step.body.isEmpty ? nil : .bytes(step.body))
    } catch {
      throw FetchError(
        .badAddress, url: step.url.text,
        description: FetchErrorText.wrapped(step.method, step.url.text, "\(error)"))
    }
    let task = set.client(for: way).execute(
      request: request, delegate: collector, deadline: step.deadline)
    do {
      return try await withTaskCancellationHandler {
        try await task.futureResult.get()
      } onCancel: {
        task.cancel()
      }
    } catch {
      if Task.isCancelled { throw CancellationError() }
      throw FetchErrorText.error(error, step.method, step.url, hasHead: collector.hasHead)
    }
  }

  /// The clients for the certificates as they are now.
  private func currentClients() throws(FetchError) -> ClientSet {
    let set = clients.withLock { $0 }
    guard readsTLSFiles else { return set }
    let material = try TLSMaterial(config.tls, files)
    if material == set.material { return set }
    let new = try ClientSet(config, material)
    clients.withLock { $0 = new }
    return new
  }

  /// Where the answer sends us; nil where it is no redirect.
  private func redirect(
    _ answer: ResponseCollector.Answer, from step: Step
  ) throws(FetchError) -> RequestURL? {
    guard [301, 302, 303, 307, 308].contains(answer.status),
      let location = answer.headers.first(where: { $0.name.lowercased() == "location" })?.value
    else { return nil }
    guard let next = step.url.redirected(to: location) else {
      throw FetchError(
        .badAddress, url: step.url.text,
        description: FetchErrorText.wrapped(
          step.method, step.url.text, "failed to parse Location header \"\(location)\""))
    }
    return next
  }

  private func expanded(
    _ answer: ResponseCollector.Answer, _ step: Step
  ) async throws -> FetchResponse {
    let encoding = answer.headers.first { $0.name.lowercased() == "content-encoding" }?.value
    guard encoding?.lowercased() == "gzip", !answer.body.isEmpty else {
      return FetchResponse(status: answer.status, headers: answer.headers, body: answer.body)
    }
    let (packed, maxBytes) = (answer.body, step.bodyBytesMax)
    let body: [UInt8]
    do {
      body =
        packed.count <= Limits.inlineExpansionBytesMax
        ? try Gzip.expand(packed, maxBytes: maxBytes)
        : try await NIOThreadPool.singleton.runIfActive {
          try Gzip.expand(packed, maxBytes: maxBytes)
        }
    } catch CodecError.tooLarge {
      throw FetchErrorText.bodyTooLarge(step.url)
    } catch {
      throw FetchError(
        .protocolViolation, url: step.url.text, description: "gzip: \(error)")
    }
    return FetchResponse(status: answer.status, headers: answer.headers, body: body)
  }
}
