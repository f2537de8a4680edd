import ApusSystem
import Testing

@Suite struct BcryptTests {
  /// Made by libxcrypt.
  @Test(arguments: [
    ("secret", "$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"),
    ("", "$2b$04$./ABCDEFGHIJKLMNOPQRSOZZ6dm5dBJWQ1RKm9.LuH79M4r0d7Ks2"),
    (
      String(repeating: "ü", count: 40),
      "$2y$05$abcdefghijklmnopqrstuum5b7001msdSbBfQPUa.5.JBZ3wxD.GK"
    ),
    (
      String(repeating: "a", count: 100),
      "$2b$04$./ABCDEFGHIJKLMNOPQRSO.O1fQym7osjMtAfGk6sRB2VLBuGz7I."
    ),
  ])
  func `a password matches its hash, another one does not`(
    password: String, hash: String
  ) throws {
    let bcrypt = try Bcrypt(hash)
    #expect(bcrypt.matches(Array(password.utf8)))
    #expect(!bcrypt.matches(Array("Secret".utf8)))
  }

  @Test(arguments: [
    ("short", "crypto/bcrypt: hashedSecret too short to be a bcrypted password"),
    (
      String(repeating: "x", count: 60),
      "crypto/bcrypt: bcrypt hashes must start with '$', but hashedSecret started with 'x'"
    ),
    (
      "$3y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
      "crypto/bcrypt: bcrypt algorithm version '3' requested is newer than current version '2'"
    ),
    (
      "$2y$03$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
      "crypto/bcrypt: cost 3 is outside allowed inclusive range 4..31"
    ),
    (
      "$2y$04$abcdefghijklmnopqrstuu2r9OfJnf?sdneAXAGHnS4UpFFP8WIrW",
      "crypto/bcrypt: hashedSecret is not base 64 of the right length"
    ),
  ])
  func `what is no hash is refused in Go's words`(text: String, error: String) {
    let thrown = #expect(throws: Bcrypt.Failure.self) { try Bcrypt(text) }
    #expect(thrown?.description == error)
  }
}
