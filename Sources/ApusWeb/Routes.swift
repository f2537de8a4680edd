/// The whole URL table. A path is what stands behind the route prefix.
extension WebHandlers {
  static let routes: [Route] =
    queryRoutes + metadataRoutes + statusRoutes + adminRoutes + managementRoutes + pageRoutes

  private static let api = "/api/v1"

  private static let queryRoutes: [Route] = [
    .query("/query") { await $0.query($1) },
    .query("/query_range") { await $0.queryRange($1) },
    .api([.get, .post], "/query_exemplars") { await $0.queryExemplars($1) },
    .api([.get, .post], "/format_query") { await $0.formatQuery($1) },
    .api([.get, .post], "/parse_query") { await $0.parseQuery($1) },
    .api([.get, .post], "/labels") { await $0.labelNames($1) },
    .api([.get], "/label/*/values") { await $0.labelValues($1) },
    .api([.get, .post], "/series") { await $0.series($1) },
  ]

  private static let metadataRoutes: [Route] = [
    .api([.get], "/targets") { await $0.targets($1) },
    .api([.get], "/targets/metadata") { await $0.targetMetadata($1) },
    .api([.get], "/targets/relabel_steps") { await $0.relabelSteps($1) },
    .api([.get], "/scrape_pools") { await $0.scrapePools($1) },
    .api([.get], "/scrape_pools/config") { await $0.scrapePoolConfig($1) },
    .api([.get], "/alertmanagers") { await $0.alertmanagers($1) },
    .api([.get], "/metadata") { await $0.metricMetadata($1) },
    .api([.get], "/rules") { await $0.rules($1) },
    .api([.get], "/alerts") { await $0.alerts($1) },
  ]

  private static let statusRoutes: [Route] = [
    .api([.get], "/status/config") { await $0.statusConfig($1) },
    .api([.get], "/status/flags") { await $0.statusFlags($1) },
    .api([.get], "/status/buildinfo") { await $0.statusBuild($1) },
    .api([.get], "/status/runtimeinfo") { await $0.statusRuntime($1) },
    .api([.get], "/status/tsdb") { await $0.statusTSDB($1) },
    .api([.get], "/status/tsdb/blocks") { await $0.statusBlocks($1) },
    .api([.get], "/status/walreplay", needsReady: false) { await $0.statusWALReplay($1) },
    .api([.get], "/status/self_metrics") { await $0.selfMetricsJSON($1) },
    .api([.get], "/notifications", needsReady: false) { await $0.notifications($1) },
    .events("/notifications/live") { await $0.liveNotifications($1) },
    .document("/openapi.yaml") { await $0.openAPI($1) },
    .api([.get], "/features") { await $0.features($1) },
  ]

  private static let adminRoutes: [Route] = [
    .api([.post, .put], "/admin/tsdb/delete_series") { await $0.deleteSeries($1) },
    .api([.post, .put], "/admin/tsdb/clean_tombstones") { await $0.cleanTombstones($1) },
    .api([.post, .put], "/admin/tsdb/snapshot") { await $0.snapshot($1) },
    .intake("/write") { await $0.remoteWrite($1) },
    .intake("/read") { await $0.remoteRead($1) },
    .intake("/otlp/v1/metrics") { await $0.otlpWrite($1) },
  ]

  private static let managementRoutes: [Route] = [
    .page([.get], "/federate", needsReady: true, compresses: true) { await $0.federate($1) },
    .page([.get], "/metrics", compresses: true) { await $0.selfMetrics($1) },
    .page([.get], "/version") { await $0.version($1) },
    .quick("/-/healthy", [.get, .head]) { $0.healthy($1) },
    .quick("/-/ready", [.get, .head], needsReady: true) { $0.ready($1) },
    .page([.post, .put, .get], "/-/reload") { await $0.reload($1) },
    .page([.post, .put, .get], "/-/quit") { await $0.quit($1) },
    .page([.get, .post], "/debug/**") { await $0.debug($1) },
  ]

  private static let pageRoutes: [Route] =
    [
      .quick("/") { $0.home($1) },
      .quick("/graph") { $0.graph($1) },
      .quick("/assets/**") { $0.asset($1) },
      .quick("/favicon.svg") { $0.favicon($1) },
      .quick("/favicon.ico") { $0.favicon($1) },
    ]
    + UIPages.paths.map { path in .quick(path) { $0.page($1) } }
}

/// One line of the URL table.
struct Route: Sendable {
  typealias Slow = @Sendable (WebHandlers, WebRequest) async -> WebResponse
  typealias Quick = @Sendable (WebHandlers, WebRequest) -> WebResponse

  enum Handler: Sendable {
    /// Takes microseconds, and is called on the event loop.
    case atOnce(Quick)
    case worker(Slow)
    /// Evaluates a query.
    case queryWorker(Slow)
  }

  let methods: [WebMethod]
  /// `*` stands for one part of the path, `**` for all the rest.
  let path: String
  /// Answers 503 until the server is ready.
  let needsReady: Bool
  let isAPI: Bool
  let compresses: Bool
  let bodyBytesMax: Int
  let handler: Handler

  /// A route of the API: CORS, compression, 503 until ready.
  static func api(
    _ methods: [WebMethod], _ path: String, needsReady: Bool = true,
    bodyBytesMax: Int = Limits.formBytesMax, handler: @escaping Slow
  ) -> Route {
    Route(
      methods: methods, path: "/api/v1" + path, needsReady: needsReady, isAPI: true,
      compresses: true, bodyBytesMax: bodyBytesMax, handler: .worker(handler))
  }

  /// A route of the API whose answer goes on for as long as the client listens.
  static func events(_ path: String, handler: @escaping Slow) -> Route {
    Route(
      methods: [.get], path: "/api/v1" + path, needsReady: false, isAPI: true,
      compresses: false, bodyBytesMax: Limits.formBytesMax, handler: .worker(handler))
  }

  /// A route of the API that tells of itself, ready or not.
  static func document(_ path: String, handler: @escaping Slow) -> Route {
    .api([.get], path, needsReady: false, handler: handler)
  }

  /// A route of the API for other servers: a body of another kind than a form.
  static func intake(_ path: String, handler: @escaping Slow) -> Route {
    Route(
      methods: [.post], path: "/api/v1" + path, needsReady: true, isAPI: true,
      compresses: false, bodyBytesMax: Limits.remoteWriteBytesMax, handler: .worker(handler))
  }

  /// The same, for what evaluates a query.
  static func query(_ path: String, handler: @escaping Slow) -> Route {
    Route(
      methods: [.get, .post], path: "/api/v1" + path, needsReady: true, isAPI: true,
      compresses: true, bodyBytesMax: Limits.formBytesMax, handler: .queryWorker(handler))
  }

  static func page(
    _ methods: [WebMethod], _ path: String, needsReady: Bool = false, compresses: Bool = false,
    handler: @escaping Slow
  ) -> Route {
    Route(
      methods: methods, path: path, needsReady: needsReady, isAPI: false,
      compresses: compresses, bodyBytesMax: Limits.formBytesMax, handler: .worker(handler))
  }

  /// A page that takes no time to make.
  static func quick(
    _ path: String, _ methods: [WebMethod] = [.get], needsReady: Bool = false,
    handler: @escaping Quick
  ) -> Route {
    Route(
      methods: methods, path: path, needsReady: needsReady, isAPI: false, compresses: false,
      bodyBytesMax: Limits.formBytesMax, handler: .atOnce(handler))
  }

  /// What the request metrics call the route.
  var label: String {
    path.replacing("/label/*/", with: "/label/:name/").replacing("/**", with: "/*filepath")
  }
}
