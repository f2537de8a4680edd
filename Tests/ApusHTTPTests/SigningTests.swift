import ApusHTTP
import Testing

struct SigningTests {
  private func hash(_ text: String) -> String {
    SHA256.hexadecimal(SHA256.hash(Array(text.utf8)))
  }

  @Test func `SHA-256 gives the hashes of the standard`() {
    #expect(hash("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(hash("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")
        == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
    #expect(
      hash(String(repeating: "a", count: 1_000_000))
        == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test func `HMAC gives the codes of RFC 4231`() {
    let short = SHA256.authenticate(
      Array("what do ya want for nothing?".utf8), key: Array("Jefe".utf8))
    #expect(
      SHA256.hexadecimal(short)
        == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    let long = SHA256.authenticate(
      Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
      key: [UInt8](repeating: 0xaa, count: 131))
    #expect(
      SHA256.hexadecimal(long)
        == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
  }

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
