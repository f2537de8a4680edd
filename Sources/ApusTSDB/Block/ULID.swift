package import ApusSystem

/// Name of a block: 48 bits of time and 80 of chance, in 26 characters that sort by time.
///
///     | ms since the epoch 48 | random 80 |   big endian, in Crockford's base 32
package struct ULID: Sendable, Hashable, Comparable {
  /// Time and the upper 16 random bits.
  package let high: UInt64
  package let low: UInt64

  package static let textLength = 26

  package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  package init(timeMs: Int64, random: any RandomSource) {
    let time = UInt64(truncatingIfNeeded: timeMs) & 0xFFFF_FFFF_FFFF
    high = time << 16 | random.next() & 0xFFFF
    low = random.next()
  }

  /// Nil unless the text is 26 characters of the alphabet (in either case) of at most 128 bits.
  package init?(_ text: some StringProtocol) {
    let characters = Array(text.utf8)
    guard characters.count == Self.textLength, characters[0] <= UInt8(ascii: "7") else {
      return nil
    }
    var high: UInt64 = 0
    var low: UInt64 = 0
    for character in characters {
      guard let digit = Self.digit(character) else { return nil }
      high = high << 5 | low >> 59
      low = low << 5 | digit
    }
    self.high = high
    self.low = low
  }

  /// When the block was made, ms since the epoch.
  package var timeMs: Int64 { Int64(high >> 16) }

  package static func < (a: ULID, b: ULID) -> Bool {
    a.high != b.high ? a.high < b.high : a.low < b.low
  }

  private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

  private static func digit(_ character: UInt8) -> UInt64? {
    let isLower = character >= UInt8(ascii: "a") && character <= UInt8(ascii: "z")
    let upper = isLower ? character - 32 : character
    return alphabet.firstIndex(of: upper).map(UInt64.init)
  }
}

extension ULID: CustomStringConvertible {
  package var description: String {
    var characters = [UInt8](repeating: 0, count: Self.textLength)
    var (high, low) = (high, low)
    for index in characters.indices.reversed() {
      characters[index] = Self.alphabet[Int(low & 31)]
      low = low >> 5 | high << 59
      high >>= 5
    }
    return String(decoding: characters, as: UTF8.self)
  }
}
