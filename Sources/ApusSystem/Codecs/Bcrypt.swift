// | $2y$ | cost, two digits | $ | salt 22 | hash 31 |   base 64 with ./A-Za-z0-9, no padding
// The salt is 16 bytes, the hash 23 of the 24 that come out.

/// A password hash: slow on purpose, 2^cost rounds of setting up a Blowfish cipher.
///
/// Source: N. Provos and D. Mazières, A Future-Adaptable Password Scheme, 1999. The texts of errors
/// are those of Go's golang.org/x/crypto/bcrypt.
package struct Bcrypt: Sendable, Equatable {
  package let cost: Int
  private let salt: [UInt8]
  private let hash: [UInt8]

  /// Why a text is no hash.
  package struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String
  }

  /// Reads a hash in its text form.
  package init(_ text: String) throws(Failure) {
    let bytes = Array(text.utf8)
    guard bytes.count >= 59 else {
      throw Failure(description: "crypto/bcrypt: hashedSecret too short to be a bcrypted password")
    }
    guard bytes[0] == UInt8(ascii: "$") else {
      throw Failure(
        description: "crypto/bcrypt: bcrypt hashes must start with '$', but hashedSecret started "
          + "with '\(Character(Unicode.Scalar(bytes[0])))'")
    }
    guard bytes[1] == UInt8(ascii: "2") else {
      throw Failure(
        description: "crypto/bcrypt: bcrypt algorithm version "
          + "'\(Character(Unicode.Scalar(bytes[1])))' requested is newer than current version '2'")
    }
    let costAt = bytes[2] == UInt8(ascii: "$") ? 3 : 4
    guard bytes[costAt - 1] == UInt8(ascii: "$"), bytes[costAt + 2] == UInt8(ascii: "$"),
      let cost = Int(String(decoding: bytes[costAt..<(costAt + 2)], as: UTF8.self))
    else { throw Failure(description: "crypto/bcrypt: hashedSecret has no cost") }
    guard (4...31).contains(cost) else {
      throw Failure(
        description: "crypto/bcrypt: cost \(cost) is outside allowed inclusive range 4..31")
    }
    let rest = bytes[(costAt + 3)...]
    guard rest.count >= 53, let salt = Self.decode(rest.prefix(22)),
      let hash = Self.decode(rest.dropFirst(22).prefix(31))
    else {
      throw Failure(description: "crypto/bcrypt: hashedSecret is not base 64 of the right length")
    }
    self.cost = cost
    self.salt = Array(salt.prefix(16))
    self.hash = Array(hash.prefix(23))
  }

  /// Whether the hash is that of a password, of which 72 bytes count. Takes as long as the cost
  /// says, whatever the password; the comparison tells nothing by its time.
  package func matches(_ password: [UInt8]) -> Bool {
    let found = Self.digest(password, salt: salt, cost: cost)
    var difference: UInt8 = 0
    for i in hash.indices { difference |= hash[i] ^ found[i] }
    return difference == 0
  }

  private static func digest(_ password: [UInt8], salt: [UInt8], cost: Int) -> [UInt8] {
    let key = password.prefix(72) + [0]
    let keyWords = words(Array(key))
    let saltWords = words(salt)
    var cipher = Blowfish()
    cipher.expand(keyWords, salt: saltWords)
    let unsalted = [UInt32](repeating: 0, count: 18)
    for _ in 0..<(1 << cost) {
      cipher.expand(keyWords, salt: unsalted)
      cipher.expand(saltWords, salt: unsalted)
    }
    var text = words(Array("OrpheanBeholderScryDoubt".utf8), count: 6)
    for i in stride(from: 0, to: 6, by: 2) {
      for _ in 0..<64 { (text[i], text[i + 1]) = cipher.encrypt(text[i], text[i + 1]) }
    }
    return text.flatMap { word in
      [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> UInt32($0)) }
    }
  }

  /// Big-endian words of the bytes, taken round and round.
  private static func words(_ bytes: [UInt8], count: Int = 18) -> [UInt32] {
    var at = 0
    return (0..<count).map { _ in
      var word: UInt32 = 0
      for _ in 0..<4 {
        word = word << 8 | UInt32(bytes[at])
        at = (at + 1) % bytes.count
      }
      return word
    }
  }

  private static func decode(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    var out: [UInt8] = []
    var (bits, count): (UInt32, UInt32) = (0, 0)
    for byte in text {
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "."): digit = 0
      case UInt8(ascii: "/"): digit = 1
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit = byte - UInt8(ascii: "A") + 2
      case UInt8(ascii: "a")...UInt8(ascii: "z"): digit = byte - UInt8(ascii: "a") + 28
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0") + 54
      default: return nil
      }
      bits = (bits << 6 | UInt32(digit)) & 0xFFFF
      count += 6
      if count >= 8 {
        count -= 8
        out.append(UInt8(truncatingIfNeeded: bits >> count))
      }
    }
    return out
  }
}

/// The cipher in the state that bcrypt brings it to, key after key.
private struct Blowfish {
  private var subkeys = BlowfishTables.subkeys
  private var boxes = BlowfishTables.boxes

  /// Mixes a key into the state.
  /// - Parameters:
  ///   - key: 18 words.
  ///   - salt: 18 words of which the first four come round and round; zeros for none.
  mutating func expand(_ key: [UInt32], salt: [UInt32]) {
    for i in subkeys.indices { subkeys[i] ^= key[i] }
    var (left, right): (UInt32, UInt32) = (0, 0)
    var at = 0
    for i in stride(from: 0, to: subkeys.count, by: 2) {
      (left, right) = encrypt(left ^ salt[at], right ^ salt[at + 1])
      at ^= 2
      (subkeys[i], subkeys[i + 1]) = (left, right)
    }
    for i in stride(from: 0, to: boxes.count, by: 2) {
      (left, right) = encrypt(left ^ salt[at], right ^ salt[at + 1])
      at ^= 2
      (boxes[i], boxes[i + 1]) = (left, right)
    }
  }

  /// One block.
  func encrypt(_ left: UInt32, _ right: UInt32) -> (UInt32, UInt32) {
    let (subkeys, boxes) = (subkeys.span, boxes.span)
    var (a, b) = (left ^ subkeys[0], right)
    for i in stride(from: 1, to: 17, by: 2) {
      b ^= mixed(a, boxes) ^ subkeys[i]
      a ^= mixed(b, boxes) ^ subkeys[i + 1]
    }
    return (b ^ subkeys[17], a)
  }

  @inline(__always)
  private func mixed(_ word: UInt32, _ boxes: Span<UInt32>) -> UInt32 {
    let sum =
      boxes[Int(word >> 24)] &+ boxes[256 + Int(word >> 16 & 0xFF)]
    return (sum ^ boxes[512 + Int(word >> 8 & 0xFF)]) &+ boxes[768 + Int(word & 0xFF)]
  }
}
