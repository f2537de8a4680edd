import ApusWeb
import Testing

struct FormValuesTests {
  private func form(_ text: String) -> FormValues {
    var form = FormValues()
    form.add(encoded: text)
    return form
  }

  @Test func `names and values are decoded`() {
    let form = form("query=sum%28up%29+%3E+0&match%5B%5D=a&match[]=b&empty=&none")
    #expect(form.first("query") == "sum(up) > 0")
    #expect(form.all("match[]") == ["a", "b"])
    #expect(form.has("empty") && form.has("none") && !form.has("other"))
    #expect(form.first("other") == "")
    #expect(form.problem == nil)
  }

  @Test func `a bad escape leaves the pair out, and is remembered`() {
    let form = form("a=%zz&b=2")
    #expect(!form.has("a"))
    #expect(form.first("b") == "2")
    #expect(form.problem == #"invalid URL escape "%zz""#)
  }

  @Test func `the values of a body stand before those of the URL`() {
    let request = WebRequest(
      method: .post, path: "/", query: "a=url",
      headers: ["content-type": "application/x-www-form-urlencoded"], body: Array("a=body".utf8))
    #expect(request.form.all("a") == ["body", "url"])
  }

  @Test func `a body of another type is no form`() {
    let request = WebRequest(
      method: .post, path: "/", headers: ["Content-Type": "application/json"],
      body: Array("a=body".utf8))
    #expect(!request.form.has("a"))
  }
}
