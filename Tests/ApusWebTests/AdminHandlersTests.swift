import ApusStorage
import ApusWeb
import Synchronization
import Testing

struct AdminHandlersTests {
  private func handlers(
    _ store: FakeStore = FakeStore(), isOn: Bool = true
  ) throws -> WebHandlers {
    try Fixture.handlers(Fixture.backends(store: store)) { $0.allowsAdmin = isOn }
  }

  private let path = "/api/v1/admin/tsdb/"

  @Test(arguments: ["delete_series", "clean_tombstones", "snapshot"])
  func `nothing is done unless switched on`(name: String) async throws {
    let store = FakeStore()
    let response = try await handlers(store, isOn: false).post(path + name, form: "match[]=up")
    #expect(response.status == 500)
    #expect(
      response.bodyText
        == #"{"status":"error","errorType":"unavailable","error":"admin APIs disabled"}"#)
    #expect(store.calls.withLock { $0 } == [])
  }

  @Test func `series are deleted selector by selector`() async throws {
    let store = FakeStore()
    let response = try await handlers(store).post(
      path + "delete_series", form: "match[]=up&match[]={a=\"b\"}&start=1&end=2")
    #expect(response.status == 204)
    #expect(
      store.calls.withLock { $0 } == [
        #"delete __name__="up" 1000 2000"#, #"delete a="b" 1000 2000"#,
      ])
  }

  @Test func `a bad selector deletes nothing`() async throws {
    let store = FakeStore()
    let response = try await handlers(store).post(
      path + "delete_series", form: "match[]=up&match[]=up{")
    #expect(response.status == 400)
    #expect(store.calls.withLock { $0 } == [])
    let none = try await handlers(store).post(path + "delete_series")
    #expect(none.bodyText.contains("no match[] parameter provided"))
  }

  @Test func `tombstones are cleaned, snapshots are named`() async throws {
    let store = FakeStore()
    #expect(try await handlers(store).post(path + "clean_tombstones").status == 204)
    let snapshot = try await handlers(store).send(.put, path + "snapshot?skip_head=true")
    #expect(
      snapshot.bodyText == #"{"status":"success","data":{"name":"20260101T000000Z-1"}}"#)
    #expect(store.calls.withLock { $0 } == ["clean", "snapshot true"])
    let bad = try await handlers(store).send(.put, path + "snapshot?skip_head=maybe")
    #expect(bad.status == 400)
    #expect(bad.bodyText.contains(#"invalid parameter \"skip_head\": unable to parse boolean"#))
  }

  @Test func `a store that is not open is unavailable`() async throws {
    let store = FakeStore(failure: StorageError(.closed, "closing"))
    let response = try await handlers(store).post(path + "delete_series", form: "match[]=up")
    #expect(response.status == 500)
    #expect(response.bodyText.contains(#""errorType":"unavailable","error":"TSDB not ready""#))
  }

  @Test func `writes need to be switched on`() async throws {
    let handlers = try Fixture.handlers()
    let write = await handlers.post("/api/v1/write")
    #expect(write.status == 404)
    #expect(
      write.bodyText
        == "remote write receiver needs to be enabled with --web.enable-remote-write-receiver\n")
    let otlp = await handlers.post("/api/v1/otlp/v1/metrics")
    #expect(otlp.status == 404)
    #expect(
      otlp.bodyText
        == "otlp write receiver needs to be enabled with --web.enable-otlp-receiver\n")
  }
}
