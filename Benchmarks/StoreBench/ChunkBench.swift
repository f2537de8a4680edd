import ApusStorage
import ApusSystem
import ApusTSDB
import Glibc

/// Encoding and decoding of floats, in memory: ns of CPU time per sample, the least of some
/// rounds, and bytes per sample. `StoreBench chunks [samples per chunk]`
struct ChunkBench {
  let perChunk: Int
  private static let chunkCount = 400
  private static let rounds = 15

  enum Kind: CaseIterable {
    case constant, steadyCounter, counter, cpuSeconds, gauge, jitter
  }

  func run() throws {
    for kind in Kind.allCases { try run(kind) }
  }

  private func run(_ kind: Kind) throws {
    let (times, values) = samples(kind)
    var chunks: [[UInt8]] = []
    var chunk = XORChunk(capacityBytes: 16 << 10)
    let encode = least {
      chunks.removeAll(keepingCapacity: true)
      for start in stride(from: 0, to: times.count, by: perChunk) {
        chunk.removeAll()
        for index in start..<(start + perChunk) {
          chunk.append(timeMs: times[index], value: values[index])
        }
        chunks.append([UInt8](copying: chunk.span))
      }
    }
    let bytes = chunks.reduce(0) { $0 + $1.count }
    var batch = SampleBatch()
    var failure: ChunkError?
    let decode = least {
      for bytes in chunks {
        batch.removeAll()
        do throws(ChunkError) {
          try ChunkDecoder.decode(.xor, bytes.span, into: &batch)
        } catch {
          failure = error
        }
      }
    }
    if let failure { throw failure }
    var dense = DenseXOREncoder()
    var writer = BitWriter(capacityBytes: 1 << 20)
    var denseBytes = 0
    let denseEncode = least {
      denseBytes = 0
      for start in stride(from: 0, to: times.count, by: perChunk) {
        dense.encode(times.span, values.span, start..<(start + perChunk), into: &writer)
        denseBytes += writer.byteCount
      }
    }
    let total = Double(times.count)
    StoreBench.report("\(kind) encode, ns/sample", encode / total)
    StoreBench.report("\(kind) decode, ns/sample", decode / total)
    StoreBench.report("\(kind) dense encode, ns/sample", denseEncode / total)
    StoreBench.report("\(kind) bytes/sample", Double(bytes) / total)
    StoreBench.report("\(kind) dense bytes/sample", Double(denseBytes) / total)
  }

  private func samples(_ kind: Kind) -> ([Int64], [Double]) {
    var numbers = Numbers(state: 3)
    var times: [Int64] = []
    var values: [Double] = []
    for number in 0..<Self.chunkCount {
      var value = Double(numbers.next() % 1_000_000)
      for step in 0..<perChunk {
        var time = 1_700_000_000_000 + Int64(number * perChunk + step) * 15_000
        switch kind {
        case .constant: break
        case .steadyCounter: value += 137
        case .counter: value += Double(numbers.next() % 1000)
        case .cpuSeconds: value += Double(numbers.next() % 1500) / 100
        case .gauge: value = Double(numbers.next() % 1_000_000) / 1000
        case .jitter:
          value += Double(numbers.next() % 1000)
          time += Int64(numbers.next() % 16)
        }
        times.append(time)
        values.append(value)
      }
    }
    return (times, values)
  }

  private func least(_ body: () -> Void) -> Double {
    var least = UInt64.max
    for _ in 0..<Self.rounds {
      let start = CPUTime.ns
      body()
      least = min(least, CPUTime.ns - start)
    }
    return Double(least)
  }
}

/// Of this thread.
enum CPUTime {
  static var ns: UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
