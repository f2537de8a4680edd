/// Rows of two varints and a double, as the log's samples are, a whole record in one call: calls
/// from another target are not inlined, and would cost more than the reading itself.
extension ByteReader {
  /// The longest row.
  private static let rowBytesMax = 28

  /// Reads rows to the end of the bytes into columns, from an index on; the columns must be long
  /// enough for all of them. What was set before an error stays set.
  ///
  /// - Parameters:
  ///   - keys: `keyBase` plus the first varint.
  ///   - times: `timeBase` plus the second varint.
  /// - Returns: the index behind the last row.
  @_lifetime(keys: copy keys)
  @_lifetime(times: copy times)
  @_lifetime(values: copy values)
  package static func rows(
    _ bytes: Span<UInt8>, keyBase: UInt64, timeBase: Int64, _ keys: inout MutableSpan<UInt64>,
    _ times: inout MutableSpan<Int64>, _ values: inout MutableSpan<Double>, from start: Int
  ) throws(ByteReaderError) -> Int {
    let raw = unsafe bytes.bytes
    var at = 0
    var i = start
    // While a row cannot reach behind the end, nothing else needs to be checked.
    while raw.byteCount &- at >= rowBytesMax {
      let word = unsafe raw.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self)
      let (key, keyBytes) = shortVarint(UInt64(littleEndian: word))
      let (time, timeBytes) = shortVarint(
        UInt64(littleEndian: word) &>> UInt64(truncatingIfNeeded: keyBytes &* 8))
      guard keyBytes > 0 && timeBytes > 0 else {
        at = try longRow(bytes, at, keyBase, timeBase, &keys, &times, &values, i)
        i &+= 1
        continue
      }
      at &+= keyBytes &+ timeBytes
      let bits = unsafe raw.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self)
      at &+= 8
      keys[i] = keyBase &+ UInt64(bitPattern: key)
      times[i] = timeBase &+ time
      values[i] = Double(bitPattern: UInt64(bigEndian: bits))
      i &+= 1
    }
    while at < raw.byteCount {
      at = try longRow(bytes, at, keyBase, timeBase, &keys, &times, &values, i)
      i &+= 1
    }
    return i
  }

  /// A varint of up to three bytes at the low end of a word, and its length; 0 for longer ones.
  @inline(__always)
  private static func shortVarint(_ word: UInt64) -> (value: Int64, bytes: Int) {
    var value = word & 0x7F
    var bytes = 1
    if word & 0x80 != 0 {
      value |= (word &>> 1) & 0x3F80
      bytes = 2
      if word & 0x8000 != 0 {
        guard word & 0x80_0000 == 0 else { return (0, 0) }
        value |= (word &>> 2) & 0x1F_C000
        bytes = 3
      }
    }
    return (Int64(bitPattern: (value &>> 1) ^ (0 &- (value & 1))), bytes)
  }

  /// A row with all checks; returns where the next one begins.
  @_lifetime(keys: copy keys)
  @_lifetime(times: copy times)
  @_lifetime(values: copy values)
  @inline(never)
  private static func longRow(
    _ bytes: Span<UInt8>, _ at: Int, _ keyBase: UInt64, _ timeBase: Int64,
    _ keys: inout MutableSpan<UInt64>, _ times: inout MutableSpan<Int64>,
    _ values: inout MutableSpan<Double>, _ index: Int
  ) throws(ByteReaderError) -> Int {
    var reader = ByteReader(bytes, at: at)
    let key = keyBase &+ UInt64(bitPattern: try reader.varint())
    let time = timeBase &+ (try reader.varint())
    values[index] = try reader.f64()
    keys[index] = key
    times[index] = time
    return reader.offset
  }
}
