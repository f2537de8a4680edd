import ApusSystem
import ApusWeb
import Testing

struct RoutesTests {
  @Test(arguments: ["/nope", "/api/v1/nope", "/api/v2/query", "/query/x"])
  func `an unknown path is Prometheus's 404`(path: String) async throws {
    let response = try await Fixture.handlers().get(path)
    #expect(response.status == 404)
    #expect(response.bodyText == "404 page not found\n")
    #expect(response.header("Content-Type") == "text/plain; charset=utf-8")
  }

  @Test(arguments: [
    (WebMethod.put, "/api/v1/query", "GET, OPTIONS, POST"),
    (.delete, "/api/v1/series", "GET, OPTIONS, POST"),
    (.get, "/api/v1/admin/tsdb/snapshot", "OPTIONS, POST, PUT"),
    (.get, "/api/v1/write", "OPTIONS, POST"), (.post, "/federate", "GET, OPTIONS"),
  ])
  func `a wrong method is refused with those allowed`(
    method: WebMethod, path: String, allowed: String
  ) async throws {
    let response = try await Fixture.handlers().send(method, path)
    #expect(response.status == 405)
    #expect(response.bodyText == "Method Not Allowed\n")
    #expect(response.header("Allow") == allowed)
  }

  @Test func `OPTIONS on the API answers without a body`() async throws {
    let response = try await Fixture.handlers().send(
      .options, "/api/v1/query", headers: ["Origin": "http://a.b"])
    #expect(response.status == 204)
    #expect(response.header("Access-Control-Allow-Origin") == "http://a.b")
    #expect(response.header("Access-Control-Allow-Methods") == "GET, POST, OPTIONS")
    #expect(response.header("Access-Control-Expose-Headers") == "Date")
    #expect(
      response.header("Access-Control-Allow-Headers")
        == "Accept, Authorization, Content-Type, Origin")
  }

  @Test func `an origin is let in only where the pattern matches all of it`() async throws {
    let pattern = try RE2Pattern(#"https?://a\.b"#)
    let handlers = try Fixture.handlers { $0.corsOrigin = pattern }
    let inside = await handlers.get("/api/v1/labels", headers: ["Origin": "http://a.b"])
    #expect(inside.header("Access-Control-Allow-Origin") == "http://a.b")
    let outside = await handlers.get("/api/v1/labels", headers: ["Origin": "http://a.bc"])
    #expect(outside.header("Access-Control-Allow-Origin") == nil)
    #expect(outside.header("Vary") == "Origin")
  }

  @Test func `a slash more or less is redirected to the path that exists`() async throws {
    let response = try await Fixture.handlers().get("/api/v1/labels/?start=1")
    #expect(response.status == 301)
    #expect(response.header("Location") == "/api/v1/labels?start=1")
  }

  @Test func `everything stands below the route prefix`() async throws {
    let handlers = try Fixture.handlers {
      $0.routePrefix = "/prom"
      $0.externalURL.path = "/prom"
    }
    #expect(await handlers.get("/prom/-/healthy").status == 200)
    #expect(await handlers.get("/-/healthy").status == 404)
    #expect(await handlers.get("/").header("Location") == "/prom/")
    #expect(await handlers.get("/prom/").header("Location") == "/prom/query")
    #expect(await handlers.get("/promised").status == 404)
  }

  @Test func `before it is ready the server says so`() async throws {
    let handlers = try Fixture.handlers(
      Fixture.backends(lifecycle: Fixture.lifecycle(isReady: false)))
    for path in ["/api/v1/query?query=1", "/-/ready", "/federate", "/api/v1/status/config"] {
      let response = await handlers.get(path)
      #expect(response.status == 503)
      #expect(response.bodyText == "Service Unavailable")
      #expect(response.header("X-Prometheus-Stopping") == "false")
    }
    for path in ["/-/healthy", "/api/v1/status/walreplay", "/api/v1/notifications", "/metrics"] {
      #expect(await handlers.get(path).status == 200)
    }
  }

  @Test func `while it stops the server says that too`() async throws {
    let handlers = try Fixture.handlers(
      Fixture.backends(lifecycle: Fixture.lifecycle(isReady: false, isStopping: true)))
    let response = await handlers.get("/-/ready")
    #expect(response.header("X-Prometheus-Stopping") == "true")
  }
}
