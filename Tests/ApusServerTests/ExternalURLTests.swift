import Testing

@testable import ApusServer

@Suite struct ExternalURLTests {
  private func make(_ given: String, prefix: String? = nil) throws -> ExternalURL {
    try ExternalURL(
      given: given, prefix: prefix, listenAddress: "0.0.0.0:9090", hostName: "box")
  }

  @Test func `without a flag it is this host and the port that is listened on`() throws {
    #expect(try make("").url == "http://box:9090")
    #expect(try make("").routePrefix == "")
  }

  @Test func `its path prefixes the routes unless a prefix is given`() throws {
    #expect(try make("https://a.example/prom/").url == "https://a.example/prom")
    #expect(try make("https://a.example/prom/").routePrefix == "/prom")
    #expect(try make("https://a.example/prom", prefix: "/").routePrefix == "")
    #expect(try make("https://a.example", prefix: "x/y/").routePrefix == "/x/y")
  }

  @Test func `quotes around it are refused`() {
    #expect(throws: FlagError.self) { try make("\"http://a\"") }
    #expect(throws: FlagError.self) { try make("'http://a'") }
  }
}
