import ApusWeb
import Testing

struct UIPagesTests {
  @Test(arguments: [
    "/query", "/alerts", "/rules", "/targets", "/service-discovery", "/alertmanager-discovery",
    "/status", "/tsdb-status", "/flags", "/config",
  ])
  func `a page loads a style and a script, and both are there`(path: String) async throws {
    let handlers = try Fixture.handlers { $0.pageTitle = "A <b> \"title\"" }
    let page = await handlers.get(path)
    #expect(page.status == 200)
    #expect(page.header("Content-Type") == "text/html; charset=utf-8")
    let text = page.bodyText
    #expect(text.contains(#"data-page="\#(path)""#))
    #expect(text.contains("A &lt;b> &quot;title&quot;"))
    let loaded = text.split(separator: "\"").filter { $0.hasPrefix("/assets/") }
    #expect(loaded.count == 2)
    for asset in loaded {
      let response = await handlers.get(String(asset))
      #expect(response.status == 200)
      #expect(response.header("Cache-Control")?.contains("immutable") == true)
    }
  }

  @Test func `what scripts import is there, and nothing comes from elsewhere`() async throws {
    let handlers = try Fixture.handlers()
    for name in ["query", "result", "graph", "explain", "targets", "rules", "status", "core"] {
      let script = await handlers.get("/assets/x/\(name).js")
      #expect(script.header("Content-Type") == "text/javascript; charset=utf-8")
      let text = script.bodyText
      #expect(!text.contains("http://") && !text.contains("https://"))
      #expect(!text.contains("innerHTML"))
      for part in text.split(separator: "from \"./").dropFirst() {
        let imported = part.prefix { $0 != "\"" }
        #expect(await handlers.get("/assets/x/\(imported)").status == 200)
      }
    }
    #expect(await handlers.get("/assets/x/other.js").status == 404)
    #expect(await handlers.get("/assets/%2e%2e/etc").status == 404)
  }

  @Test func `the query page asks for an explanation and shows it as a tree`() async throws {
    let handlers = try Fixture.handlers()
    let page = await handlers.get("/assets/x/query.js").bodyText
    #expect(page.contains(#"import { tree } from "./explain.js""#))
    #expect(page.contains(#"explain: state.tab === "explain" ? 1 : """#))
    let tree = await handlers.get("/assets/x/explain.js").bodyText
    // The fields of docs/explain.md.
    for field in [
      "operator", "expression", "steps", "series", "samples", "samplesRead", "bytes", "seconds",
      "selfSeconds", "children",
    ] { #expect(tree.contains("part.\(field)"), "\(field)") }
  }

  @Test func `home and old links lead to the query page`() async throws {
    let handlers = try Fixture.handlers()
    #expect(await handlers.get("/").header("Location") == "/query")
    let old = await handlers.get("/graph?g0.expr=up&g0.tab=0")
    #expect(old.status == 302)
    #expect(old.header("Location") == "/query?g0.expr=up&g0.tab=0")
  }

  @Test func `behind a proxy links have its path`() async throws {
    let handlers = try Fixture.handlers { $0.externalURL.path = "/prom" }
    let text = await handlers.get("/targets").bodyText
    #expect(text.contains(#"data-prefix="/prom""#))
    #expect(text.contains(#"href="/prom/query""#))
    #expect(text.contains(#"src="/prom/assets/"#))
  }

  @Test func `the icon is a picture`() async throws {
    let icon = try await Fixture.handlers().get("/favicon.ico")
    #expect(icon.header("Content-Type") == "image/svg+xml")
    #expect(icon.bodyText.hasPrefix("<svg"))
  }
}
