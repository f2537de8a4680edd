import ApusSystem
import ApusWeb
import Synchronization
import Testing

@testable import ApusWeb

struct LiveNotificationsTests {
  private final class Board: Sendable {
    let notifications = Mutex<[ApusWeb.Notification]>([])
    let isStopping = Mutex(false)
  }

  private func handlers(_ board: Board, most: Int = 16) throws -> WebHandlers {
    var status = StatusBackend()
    status.notifications = { board.notifications.withLock { $0 } }
    status.scrapePoolText = { $0 == "j" ? "job_name: j\n" : nil }
    let lifecycle = LifecycleBackend(
      isReady: { true }, isStopping: { board.isStopping.withLock { $0 } }, reload: { nil },
      quit: {})
    var options = try WebOptions()
    options.notificationSubscribersMax = most
    return WebHandlers(
      backends: Fixture.backends(lifecycle: lifecycle, status: status), options: options)
  }

  private func text(_ source: inout any EventSource) async -> String? {
    await source.next().map { String(decoding: $0, as: UTF8.self) }
  }

  @Test func `what comes and goes is told, until the server stops`() async throws {
    let board = Board()
    let failed = ApusWeb.Notification(text: "failed", dateMs: 0, isActive: true)
    board.notifications.withLock { $0 = [failed] }
    let response = try await handlers(board).get("/api/v1/notifications/live")
    #expect(response.header("Content-Type") == "text/event-stream")
    guard case .events(var source) = response.body else {
      Issue.record("no events")
      return
    }
    let date = "1970-01-01T00:00:00Z"
    let event = #"{"text":"failed","date":"\#(date)","active":"#
    #expect(await text(&source) == "data: \(event)true}\n\n")
    board.notifications.withLock { $0 = [] }
    #expect(await text(&source) == "data: \(event)false}\n\n")
    board.isStopping.withLock { $0 = true }
    #expect(await text(&source) == nil)
  }

  @Test func `there are so many places and no more`() async throws {
    let handlers = try handlers(Board(), most: 1)
    var first: WebResponse? = await handlers.get("/api/v1/notifications/live")
    #expect(first?.status == 200)
    #expect(await handlers.get("/api/v1/notifications/live").status == 204)
    first = nil
    #expect(await handlers.get("/api/v1/notifications/live").status == 200)
  }

  @Test func `the configuration of one pool`() async throws {
    let handlers = try handlers(Board())
    let path = "/api/v1/scrape_pools/config"
    #expect(
      await handlers.get(path + "?scrapePool=j").bodyText
        == #"{"status":"success","data":{"yaml":"job_name: j\n"}}"#)
    #expect(await handlers.get(path).bodyText.contains("no scrapePool parameter provided"))
    #expect(await handlers.get(path + "?scrapePool=k").status == 400)
  }

  @Test func `the document names every route of the API`() async throws {
    let response = try await handlers(Board()).get("/api/v1/openapi.yaml")
    let text = response.bodyText
    #expect(text.hasPrefix("openapi: 3.1.0\n"))
    for route in WebHandlers.routes where route.isAPI {
      let path = route.path.dropFirst(7).replacing("*", with: "{name}")
      #expect(text.contains("\n  \(path):\n"))
    }
    #expect(text.contains("        - name: \"match[]\"\n          in: query\n"))
    let other = try await handlers(Board()).get("/api/v1/openapi.yaml?openapi_version=3.2")
    #expect(other.bodyText.hasPrefix("openapi: 3.2.0\n"))
  }
}
