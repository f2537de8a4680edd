import ApusHTTP
import Testing

struct SigningTests {
  /// `get-vanilla` and `post-x-www-form-urlencoded` of AWS's test suite.
  @Test func `requests are signed as the vectors of AWS are`() {
    let signer = SigV4(
      keys: .init(
        accessKey: "AKIDEXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
      region: "us-east-1", service: "service")
    // 2015-08-30T12:36:00Z
    let nowMs: Int64 = 1_440_938_160_000
    let get = signer.headers(
      method: "GET", host: "example.amazonaws.com", path: "/", body: [], nowMs: nowMs)
    #expect(get.map(\.name) == ["x-amz-date", "Authorization"])
    #expect(get[0].value == "20150830T123600Z")
    #expect(
      get[1].value
        == "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        + "SignedHeaders=host;x-amz-date, "
        + "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")
    let post = signer.headers(
      method: "POST", host: "example.amazonaws.com", path: "/",
      headers: [(name: "content-type", value: "application/x-www-form-urlencoded")],
      body: Array("Param1=value1".utf8), nowMs: nowMs)
    #expect(
      post[1].value.hasSuffix(
        "Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"))
  }

  @Test func `a session token is signed too`() {
    let signer = SigV4(
      keys: .init(accessKey: "A", secretKey: "S", sessionToken: "T"), region: "r", service: "s")
    let headers = signer.headers(method: "GET", host: "h", path: "/", body: [], nowMs: 0)
    #expect(headers.map(\.name) == ["x-amz-date", "x-amz-security-token", "Authorization"])
    #expect(headers[2].value.contains("SignedHeaders=host;x-amz-date;x-amz-security-token,"))
  }
}
