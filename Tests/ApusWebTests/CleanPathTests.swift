import ApusWeb
import Testing

@testable import ApusWeb

@Suite struct CleanPathTests {
  @Test(arguments: [
    ("//api/v1/query", "/api/v1/query"), ("/a//b/", "/a/b/"), ("/a/./b", "/a/b"),
    ("/a/../b", "/b"), ("/../..", "/"), ("/a/b/..", "/a"), ("//", "/"), ("*", "/*"),
  ])
  func `empty and dotted parts lead elsewhere`(path: String, clean: String) {
    #expect(CleanPath.redirect(path) == clean)
    #expect(CleanPath.redirect(clean) == nil)
  }

  @Test(arguments: ["/", "/a", "/a/", "/a/b.c", "/...", "/a/.b/"])
  func `clean paths stay`(path: String) { #expect(CleanPath.redirect(path) == nil) }

  @Test func `multipart forms are read as others are`() {
    let body = """
      --xyz\r
      Content-Disposition: form-data; name="query"\r
      \r
      up{a="b"}
      or vector(1)\r
      --xyz\r
      Content-Disposition: form-data; name="file"; filename="f"\r
      Content-Type: text/plain\r
      \r
      whatever\r
      --xyz\r
      Content-Disposition: form-data; name=time\r
      \r
      5\r
      --xyz--\r

      """
    let request = WebRequest(
      method: .post, path: "/api/v1/query", query: "time=9",
      headers: ["Content-Type": "multipart/form-data; boundary=\"xyz\""], body: Array(body.utf8))
    #expect(request.form.pairs.map(\.name) == ["query", "time", "time"])
    #expect(request.form.first("query") == "up{a=\"b\"}\nor vector(1)")
    #expect(request.form.first("time") == "5")
    let cut = WebRequest(
      method: .post, path: "/", headers: ["Content-Type": "multipart/form-data; boundary=xyz"],
      body: Array(body.utf8.prefix(60)))
    #expect(cut.form.pairs.isEmpty)
  }
}
