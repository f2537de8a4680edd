internal import ApusSystem

/// The pages for people: one shell for all of them, and a script each that asks the API.
enum UIPages {
  struct Page: Sendable {
    let path: String
    let title: String
    /// The script's name among the assets.
    let script: String
    /// Whether the bar on top names the page.
    let isInBar: Bool
  }

  static let all = [
    Page(path: "/query", title: "Query", script: "query.js", isInBar: true),
    Page(path: "/alerts", title: "Alerts", script: "rules.js", isInBar: true),
    Page(path: "/rules", title: "Rules", script: "rules.js", isInBar: true),
    Page(path: "/targets", title: "Targets", script: "targets.js", isInBar: true),
    Page(path: "/service-discovery", title: "Discovery", script: "targets.js", isInBar: true),
    Page(
      path: "/alertmanager-discovery", title: "Alertmanagers", script: "targets.js",
      isInBar: false),
    Page(path: "/status", title: "Status", script: "status.js", isInBar: true),
    Page(path: "/tsdb-status", title: "TSDB", script: "status.js", isInBar: true),
    Page(path: "/config", title: "Configuration", script: "status.js", isInBar: true),
    Page(path: "/flags", title: "Flags", script: "status.js", isInBar: true),
  ]

  static let paths = all.map(\.path)

  /// The whole page but for what its script will put into `main`.
  static func shell(_ page: Page, title: String, prefix: String) -> String {
    let links = all.filter(\.isInBar).map { other in
      let mark = other.path == page.path ? #" aria-current="page""# : ""
      return #"<a href="\#(prefix)\#(other.path)"\#(mark)>\#(other.title)</a>"#
    }
    let assets = "\(prefix)/assets/\(UIAssets.version)"
    return """
      <!doctype html>
      <html lang="en" data-prefix="\(escaped(prefix))" data-page="\(page.path)">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(page.title) - \(escaped(title))</title>
      <link rel="icon" href="\(prefix)/favicon.svg" type="image/svg+xml">
      <link rel="stylesheet" href="\(assets)/style.css">
      <script type="module" src="\(assets)/\(page.script)"></script>
      </head>
      <body>
      <header><a class="brand" href="\(prefix)/query">Apus</a><nav>\(links.joined())</nav>
      <button id="theme" title="Light or dark">&#9680;</button></header>
      <div id="notices"></div>
      <main><noscript>These pages need JavaScript; the API at \(prefix)/api/v1 does not.
      </noscript></main>
      </body>
      </html>

      """
  }

  static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing("\"", with: "&quot;")
  }
}

extension WebHandlers {
  func home(_ request: WebRequest) -> WebResponse {
    .redirect(to: options.externalURL.path + "/query")
  }

  /// Links of the second Prometheus.
  func graph(_ request: WebRequest) -> WebResponse {
    let query = request.query.isEmpty ? "" : "?" + request.query
    return .redirect(to: options.externalURL.path + "/query" + query)
  }

  func page(_ request: WebRequest) -> WebResponse {
    let path = request.path.dropFirst(options.routePrefix.count)
    guard let page = UIPages.all.first(where: { $0.path == path }) else {
      return .plain("404 page not found\n", status: 404)
    }
    let text = UIPages.shell(
      page, title: options.pageTitle, prefix: options.externalURL.path)
    return WebResponse(
      status: 200,
      headers: [("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-cache")],
      body: .bytes(Array(text.utf8)))
  }

  /// `/assets/<version>/<name>`: what a version names never changes.
  func asset(_ request: WebRequest) -> WebResponse {
    let parts = request.pathValue.split(separator: "/")
    guard parts.count == 2, let asset = UIAssets.all[String(parts[1])] else {
      return .plain("404 page not found\n", status: 404)
    }
    let isCurrent = parts[0] == UIAssets.version
    return WebResponse(
      status: 200,
      headers: [
        ("Content-Type", asset.type),
        ("Cache-Control", isCurrent ? "max-age=31536000, immutable" : "no-cache"),
      ],
      body: .bytes(Array(asset.text.utf8)))
  }

  func favicon(_ request: WebRequest) -> WebResponse {
    WebResponse(
      status: 200,
      headers: [("Content-Type", "image/svg+xml"), ("Cache-Control", "max-age=86400")],
      body: .bytes(Array(UIAssets.icon.utf8)))
  }
}
