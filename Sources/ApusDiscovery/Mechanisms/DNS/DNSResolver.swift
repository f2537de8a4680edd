internal import ApusModel
internal import ApusSystem
internal import ApusTelemetry

/// Looks names up as Prometheus does: every name that may be meant, at every server, over TCP
/// where UDP is too small. /etc/hosts is not asked.
struct DNSResolver: Sendable {
  let files: any FileSystem
  let random: any RandomSource
  let log: Log
  var configPath = "/etc/resolv.conf"
  var port = 53

  /// The records of a name, none where all servers say that there is no such name.
  /// - Throws: where it cannot be known whether there are some.
  func records(_ name: String, _ kind: DNSMessage.Kind) async throws -> [DNSMessage.Record] {
    let config: ResolverConfig
    do {
      config = ResolverConfig(try files.readText(configPath))
    } catch {
      throw TargetSourceError("could not load resolv.conf: \(error)")
    }
    var areAllSure = true
    for candidate in config.names(for: name) {
      guard let answer = try await answer(candidate, kind, config.servers) else {
        areAllSure = false
        continue
      }
      if answer.code == DNSMessage.noError { return answer.answers }
    }
    if areAllSure { return [] }
    throw TargetSourceError(
      "could not resolve \(GoQuote.quote(name)): all servers responded with errors to at least "
        + "one search domain")
  }

  /// That of the first server that knows whether there is such a name.
  private func answer(
    _ name: String, _ kind: DNSMessage.Kind, _ servers: [String]
  ) async throws -> DNSMessage? {
    for server in servers {
      do {
        let answer = try await ask(server, name, kind)
        if [DNSMessage.noError, DNSMessage.nameError].contains(answer.code) { return answer }
      } catch {
        try Task.checkCancellation()
        log.warning(
          "DNS resolution failed", ["server": server, "name": name, "err": "\(error)"])
      }
    }
    return nil
  }

  private func ask(
    _ server: String, _ name: String, _ kind: DNSMessage.Kind
  ) async throws -> DNSMessage {
    let answer = try await ask(server, name, kind, by: .udp)
    if !answer.isTruncated { return answer }
    let whole = try await ask(server, name, kind, by: .tcp)
    if !whole.isTruncated { return whole }
    throw TargetSourceError("got truncated message on TCP (64kiB limit exceeded?)")
  }

  private func ask(
    _ server: String, _ name: String, _ kind: DNSMessage.Kind, by way: DNSExchange.Way
  ) async throws -> DNSMessage {
    let id = UInt16(truncatingIfNeeded: random.next())
    let question = DNSMessage.question(
      id: id, name: name, kind: kind,
      datagramBytesMax: way == .udp ? Limits.dnsDatagramBytesMax : 0)
    guard let question else { throw TargetSourceError("bad domain name \(name)") }
    let exchange = DNSExchange(port: port, timeoutMs: Limits.dnsTimeoutMs)
    let answer = try DNSMessage(
      try await exchange.answer(question, from: server, by: way))
    guard answer.id == id else { throw TargetSourceError("id mismatch") }
    return answer
  }
}
