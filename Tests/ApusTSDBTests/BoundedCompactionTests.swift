import ApusModel
import ApusStorage
import ApusSystem
import ApusTelemetry
import Testing

@testable import ApusTSDB

/// What a compaction holds does not grow with the samples: chunks go to the disk as they come.
struct BoundedCompactionTests {
  private static let chunkBytes = 60 << 10
  private static let seriesCount = 400

  /// Many series with large chunks, made when they are asked for. Each time it looks how much of
  /// what it has given is on the disk.
  private final class LargeSource: SeriesSource {
    private let directory: String
    private let labels: [Labels]
    private let list: SymbolList
    private var given = 0
    private(set) var mostHeldBytes = 0

    init(writingTo directory: String) {
      self.directory = directory
      labels = (0..<BoundedCompactionTests.seriesCount).map {
        ["__name__": "m", "n": "\(1000 + $0)"]
      }
      list = SymbolList(of: labels)
    }

    func symbols() -> SymbolList { list }

    func next(_ series: inout SourceSeries) -> Bool {
      let written = PosixFileSystem().sizeBytes(under: directory)
      mostHeldBytes = max(
        mostHeldBytes, given * BoundedCompactionTests.chunkBytes - written)
      series.removeAll()
      guard given < labels.count else { return false }
      SymbolNumbers(list).encode(labels[given], into: &series.labels)
      var chunk = XORChunk(capacityBytes: 64)
      chunk.append(timeMs: 5, value: Double(given))
      let padding = [UInt8](
        repeating: 0, count: BoundedCompactionTests.chunkBytes - chunk.span.count)
      let bytes = [UInt8](copying: chunk.span) + padding
      series.chunks.append(
        encoding: ChunkEncoding.xor.rawValue, minTimeMs: 5, maxTimeMs: 5, bytes.span)
      given += 1
      return true
    }
  }

  @Test func `a block is written while it is made, a series at a time`() throws {
    let directory = StoreDirectory()
    let files = PosixFileSystem()
    try files.makeDirectory(directory.path)
    let compactor = BlockCompactor(
      dataDirectory: directory.path, files: files, clock: StillClock(1), random: SeededSource(1),
      log: .none, metrics: MetricRegistry())
    let source = LargeSource(writingTo: directory.path)
    let meta = try #require(try compactor.write(source, minTimeMs: 0, maxTimeMs: 10))
    #expect(meta.stats.seriesCount == UInt64(Self.seriesCount))
    let total = Self.seriesCount * Self.chunkBytes
    #expect(files.sizeBytes(under: directory.path) > total)
    // The pieces in which files are written, and the series at hand.
    let bound = 2 * BufferedFile.pieceBytes + 2 * Self.chunkBytes
    #expect(source.mostHeldBytes <= bound, "\(source.mostHeldBytes) of \(total) bytes")
    #expect(bound * 20 < total)
  }
}
