import ApusModel
import ApusRemote
import ApusStorage
import ApusSystem
import ApusTesting
import ApusTelemetry
import Testing

struct ReadServerTests {
  private let store = MemoryStore()

  private func server(samplesMax: Int = 0, frameBytesMax: Int = 1 << 20) -> ReadServer {
    var options = ReadOptions()
    options.samplesMax = samplesMax
    options.frameBytesMax = frameBytesMax
    return ReadServer(
      store: store, options: options, log: .none,
      externalLabels: { ["region": "eu", "job": "outside"] }
    ) { samples in
      // One chunk for each two samples, its bytes are their number.
      stride(from: 0, to: samples.times.count, by: 2).map { i in
        let last = min(i + 1, samples.times.count - 1)
        return WireChunk(
          minTimeMs: samples.times[i], maxTimeMs: samples.times[last], encoding: 1,
          bytes: [UInt8(last - i + 1)])
      }
    }
  }

  private func request(
    _ matchers: [(UInt64, String, String)], _ range: (Int64, Int64), types: [UInt64] = []
  ) -> [UInt8] {
    var writer = ProtobufWriter()
    writer.message(1) {
      $0.int64(1, range.0)
      $0.int64(2, range.1)
      for (type, name, value) in matchers {
        $0.message(3) {
          $0.uint64(1, type)
          $0.string(2, name)
          $0.string(3, value)
        }
      }
    }
    if !types.isEmpty { writer.packedVarints(2, types) }
    return Snappy.compress(writer.array())
  }

  private func fill() {
    let all: [Labels] = [["__name__": "a", "job": "x"], ["__name__": "b"]]
    for (i, labels) in all.enumerated() {
      var batch = SampleBatch()
      for n in 0..<3 {
        batch.times.append(Int64(1000 * (n + 1)))
        batch.values.append(Double(10 * i + n))
      }
      store.append(labels, batch)
    }
  }

  /// Series of a ReadResponse, as text.
  private func series(_ bytes: [UInt8]) throws -> [String] {
    let expanded = try Snappy.expand(bytes, maxBytes: 1 << 20)
    var found: [String] = []
    var response = ProtobufReader(expanded.span)
    while try response.next() {
      var result = try response.message()
      while try result.next() {
        var one = try result.message()
        var text = ""
        while try one.next() {
          let isLabel = one.field == 1
          var inner = try one.message()
          while try inner.next() {
            if isLabel {
              text += try inner.string() + (inner.field == 1 ? "=" : " ")
            } else if inner.field == 1 {
              text += "\(try inner.double())"
            } else {
              text += "@\(try inner.int64()) "
            }
          }
        }
        found.append(text)
      }
    }
    return found
  }

  private func failure(_ answer: ReadServer.Answer) -> ReadFailure? {
    if case .failed(let failure) = answer { return failure }
    return nil
  }

  @Test func `samples in the range, with the labels of the outside`() throws {
    fill()
    guard case .samples(let all) = server().answer(request([(2, "__name__", ".+")], (2000, 3000)))
    else {
      Issue.record("no samples")
      return
    }
    #expect(
      try series(all) == [
        "__name__=a job=x region=eu 1.0@2000 2.0@3000 ",
        "__name__=b job=outside region=eu 11.0@2000 12.0@3000 ",
      ])
    let outside = request([(0, "job", "outside"), (3, "__name__", "c.*")], (0, 1000))
    guard case .samples(let one) = server().answer(outside) else { return }
    #expect(try series(one) == ["__name__=b job=outside region=eu 10.0@1000 "])
  }

  @Test func `chunks come in frames with checksums, no larger than asked for`() throws {
    fill()
    let body = request([(1, "__name__", "")], (0, 9000), types: [7, 1, 0])
    for (frameBytesMax, count) in [(1 << 20, 2), (1, 4)] {
      guard case .frames(let frames) = server(frameBytesMax: frameBytesMax).answer(body) else {
        Issue.record("no frames")
        return
      }
      var chunkBytes: [UInt8] = []
      var frameCount = 0
      while let frame = frames.next() {
        frameCount += 1
        var reader = ByteReader(frame.span)
        let length = try reader.uvarint()
        let crc = try reader.be32()
        #expect(Int(length) == reader.remaining)
        let data = frame.span.extracting(reader.offset..<frame.count)
        #expect(crc == CRC32C.of(data))
        var response = ProtobufReader(data)
        while try response.next() {
          guard response.field == 1 else { continue }
          var series = try response.message()
          while try series.next() {
            guard series.field == 2 else { continue }
            var chunk = try series.message()
            while try chunk.next() {
              guard chunk.field == 4 else { continue }
              let bytes = try chunk.bytes()
              chunkBytes.append(bytes[0])
            }
          }
        }
      }
      #expect(frameCount == count)
      #expect(chunkBytes == [2, 1, 2, 1])
      #expect(frames.failure == nil)
    }
  }

  @Test func `what can not be answered is refused`() throws {
    fill()
    let all = request([(1, "__name__", "")], (0, 9000))
    #expect(
      failure(server(samplesMax: 5).answer(all))?.text == "exceeded sample limit (5)")
    #expect(failure(server().answer([0xFF, 0x01]))?.status == 400)
    #expect(
      failure(server().answer(request([(9, "a", "b")], (0, 1))))?.text == "invalid matcher type")
    #expect(failure(server().answer(request([(2, "a", "(")], (0, 1))))?.status == 400)
    #expect(failure(server().answer(request([], (0, 1), types: [5])))?.status == 400)
  }
}
