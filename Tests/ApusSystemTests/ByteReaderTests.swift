import ApusSystem
import Testing

struct ByteReaderTests {
  @Test func `reading behind the end is an error and does not move`() throws {
    let bytes: [UInt8] = [1, 2, 3]
    var reader = ByteReader(bytes.span)
    do {
      let got = try reader.be16()
      #expect(got == 0x0102)
    }
    var error: ByteReaderError?
    do throws(ByteReaderError) { _ = try reader.be32() } catch let caught { error = caught }
    #expect(error == .truncated(offset: 2, wanted: 4, left: 1))
    let offset = reader.offset
    #expect(offset == 2)
    do {
      let got = try reader.u8()
      #expect(got == 3)
    }
    let isAtEnd = reader.isAtEnd
    #expect(isAtEnd)
  }

  @Test func `a varint without an end is truncated`() {
    #expect(Self.uvarintError([0x80, 0x80]) == .truncated(offset: 0, wanted: 3, left: 2))
    #expect(Self.uvarintError([]) == .truncated(offset: 0, wanted: 1, left: 0))
  }

  @Test func `a varint over 64 bits is refused`() {
    let most = [UInt8](repeating: 0xFF, count: 9)
    #expect(Self.uvarintError(most + [1]) == nil)
    #expect(Self.uvarintError(most + [2]) == .overlongVarint(offset: 0))
    #expect(Self.uvarintError(most + [0x81, 0]) == .overlongVarint(offset: 0))
  }

  private static func uvarintError(_ bytes: [UInt8]) -> ByteReaderError? {
    var reader = ByteReader(bytes.span)
    do throws(ByteReaderError) {
      _ = try reader.uvarint()
      return nil
    } catch { return error }
  }

  @Test func `a length larger than what is left is refused before anything is taken`() throws {
    var writer = ByteWriter()
    writer.uvarint(UInt64.max)
    writer.append([1, 2])
    var reader = ByteReader(writer.span)
    var offset = -1
    do throws(ByteReaderError) { _ = try reader.uvarintSlice().count } catch {
      if case .truncated(let at, _, let left) = error {
        offset = at
        #expect(left == 2)
      }
    }
    #expect(offset == 0)
    offset = reader.offset
    #expect(offset == 0)
  }

  @Test func `slices and the rest borrow the right bytes`() throws {
    let bytes: [UInt8] = [2, 7, 8, 9]
    var reader = ByteReader(bytes.span)
    let slice = try reader.uvarintSlice()
    let copy = [UInt8](copying: slice)
    #expect(copy == [7, 8])
    let rest = [UInt8](copying: reader.rest)
    #expect(rest == [9])
    let next = reader.peek
    #expect(next == 9)
    try reader.skip(1)
    let end = reader.peek
    #expect(end == nil)
    try reader.seek(to: 1)
    do {
      let got = try reader.array(2)
      #expect(got == [7, 8])
    }
  }
}

/// Rows of the log's samples, read many at a time.
struct ByteReaderRowsTests {
  /// Keys and times whose varints have from one to ten bytes.
  private static let numbers: [Int64] =
    [0, -1, 63, -64, 64, 8191, -8192, 8192, 1_048_575, 1_048_576, -1_048_577, .max, .min]
    + [1 << 40, 5, 6, 7, 8, 9, 10]

  private func rows() -> [UInt8] {
    var writer = ByteWriter()
    for (i, number) in Self.numbers.enumerated() {
      writer.varint(number)
      writer.varint(Self.numbers[(i * 7) % Self.numbers.count])
      writer.f64(Double(i) / 3)
    }
    return writer.array()
  }

  private struct Read: Equatable {
    var keys = [UInt64](repeating: 0, count: 24)
    var times = [Int64](repeating: 0, count: 24)
    var values = [Double](repeating: 0, count: 24)
    var end = 0
    var error: ByteReaderError?
  }

  private func read(_ bytes: [UInt8], from start: Int) -> Read {
    var read = Read()
    var (keys, times, values) = (read.keys, read.times, read.values)
    do throws(ByteReaderError) {
      var k = keys.mutableSpan
      var t = times.mutableSpan
      var v = values.mutableSpan
      read.end = try ByteReader.rows(
        bytes.span, keyBase: 1000, timeBase: -5, &k, &t, &v, from: start)
    } catch {
      read.error = error
    }
    (read.keys, read.times, read.values) = (keys, times, values)
    return read
  }

  @Test func `numbers of any length come back`() {
    let read = read(rows(), from: 2)
    #expect(read.error == nil)
    #expect(read.end == 2 + Self.numbers.count)
    for (i, number) in Self.numbers.enumerated() {
      #expect(read.keys[2 + i] == 1000 &+ UInt64(bitPattern: number))
      #expect(read.times[2 + i] == -5 &+ Self.numbers[(i * 7) % Self.numbers.count])
      #expect(read.values[2 + i] == Double(i) / 3)
    }
  }

  @Test func `bytes cut in the middle of a row are an error, wherever that is`() {
    let all = rows()
    let whole = (0...all.count).filter { read(Array(all[..<$0]), from: 0).error == nil }
    #expect(whole.count == Self.numbers.count + 1)
    #expect(whole.first == 0 && whole.last == all.count)
  }

  @Test func `a number over 64 bits is refused`() {
    let bytes = [UInt8](repeating: 0xFF, count: 40)
    #expect(read(bytes, from: 0).error == .overlongVarint(offset: 0))
  }
}
