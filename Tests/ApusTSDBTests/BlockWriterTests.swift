import ApusModel
import ApusStorage
import ApusSystem
import ApusTSDB
import ApusTelemetry
import Testing

@Suite struct BlockWriterTests {
  static let series: [TestBlock.Series] = (0..<40).map { number in
    var builder = LabelsBuilder()
    builder.set("__name__", number % 2 == 0 ? "up" : "down")
    builder.set("instance", "host-\(number)")
    if number % 3 == 0 { builder.set("extra", String(repeating: "e", count: number * 10)) }
    let start: Int64 = 1_700_000_000_000
    let samples = (0..<(number * 8 + 1)).map { step in
      (start + Int64(step) * 15_000, Double(step * number) / 7)
    }
    return (labels: builder.labels(), samples: samples)
  }

  @Test func `what is written is read again`() throws {
    let files = MemoryFileSystem()
    let meta = try #require(
      try TestBlock.write(Self.series, dataDirectory: "/data", files: files))
    let block = try Block(directory: "/data/\(meta.ulid)", files: files)
    #expect(try block.querier(in: .all).dumped() == TestBlock.lines(Self.series))
    #expect(block.meta == meta)
    #expect(meta.stats.seriesCount == 40)
    #expect(meta.stats.sampleCount == UInt64(Self.series.reduce(0) { $0 + $1.samples.count }))
    #expect(meta.stats.floatSampleCount == meta.stats.sampleCount)
    #expect(try files.list("/data") == [meta.ulid.description])
  }

  @Test func `promtool lists, analyses and dumps what is written`() throws {
    guard Promtool.path != nil else { return print("promtool is not installed: skipped") }
    let directory = try TemporaryDirectory()
    let meta = try #require(
      try TestBlock.write(
        Self.series, dataDirectory: directory.path, files: PosixFileSystem()))
    let list = try Promtool.run(["tsdb", "list", directory.path])
    #expect(list.contains(meta.ulid.description), "\(list)")
    #expect(list.contains(" \(meta.stats.sampleCount) "), "\(list)")
    let analysis = try Promtool.run(
      ["tsdb", "analyze", "--extended", directory.path, meta.ulid.description])
    #expect(analysis.contains("Series: 40"), "\(analysis)")
    #expect(analysis.contains("Label names: 3"), "\(analysis)")
    try PosixFileSystem().makeDirectory(directory.path + "/wal")
    let dump = try Promtool.run(["tsdb", "dump", directory.path])
    let lines = dump.split(separator: "\n").map(String.init)
      .sorted { compareBytes($0.utf8.span, $1.utf8.span) < 0 }
    #expect(lines == TestBlock.lines(Self.series))
  }

  @Test(arguments: [BlockFixtures.first, BlockFixtures.second])
  func `the same series give promtool's bytes`(path: String) throws {
    let disk = PosixFileSystem()
    let block = try BlockFixtures.open(path)
    // Prometheus's head adds the empty symbol, which no series needs; else nothing is free.
    var symbols = SymbolList()
    for number in 0..<block.index.symbolCount { symbols.append(block.index.symbol(number).span) }
    let files = MemoryFileSystem()
    let writer = try BlockWriter(
      dataDirectory: "/data", meta: block.meta, symbols: symbols, files: files)
    let source = try BlockCompactor.source(of: [block])
    var series = SourceSeries()
    while try source.next(&series) { try writer.add(series.labels, series.chunks) }
    let written = try #require(try writer.finish())
    for name in ["chunks/000001", "tombstones"] {
      let ours = try files.read("/data/\(written.ulid)/\(name)")
      #expect(try ours == disk.read("\(path)/\(name)"), "\(name)")
    }
    let ours = try IndexSections(files.read("/data/\(written.ulid)/index"))
    let theirs = try IndexSections(disk.read("\(path)/index"))
    #expect(ours.symbolsAndSeries == theirs.symbolsAndSeries)
    // 2.42 still writes label indices between series and postings; newer ones do not.
    #expect(ours.postings == theirs.postings)
    #expect(ours.offsets.count == theirs.offsets.count)
    // 2.42 does not count the kinds of samples.
    var meta = written
    meta.stats.floatSampleCount = 0
    #expect(try meta.encode() == disk.read("\(path)/meta.json"))
  }

  @Test func `chunks go to another file where one is full`() throws {
    let files = MemoryFileSystem()
    let symbols = SymbolList(of: Self.series.map(\.labels))
    let numbers = SymbolNumbers(symbols)
    let meta = BlockMeta(
      ulid: ULID(high: 1, low: 2), minTimeMs: 0, maxTimeMs: 1_800_000_000_000)
    let writer = try BlockWriter(
      dataDirectory: "/data", meta: meta, symbols: symbols, files: files,
      segmentBytesMax: 2_000)
    var labels: [UInt32] = []
    for one in Self.series.sorted(by: { $0.labels < $1.labels }) {
      numbers.encode(one.labels, into: &labels)
      var chunks = SeriesChunks()
      TestBlock.append(one.samples, 30, to: &chunks)
      try writer.add(labels, chunks)
    }
    _ = try writer.finish()
    let directory = "/data/\(meta.ulid)/chunks"
    let names = try files.list(directory)
    #expect(names.count > 3)
    #expect(names.first == "000001")
    for name in names {
      let size = try #require(try files.status("\(directory)/\(name)")).sizeBytes
      #expect(size <= 2_000)
    }
    let block = try Block(directory: "/data/\(meta.ulid)", files: files)
    #expect(try block.querier(in: .all).dumped() == TestBlock.lines(Self.series))
  }

  @Test func `a block without samples is not written`() throws {
    let files = MemoryFileSystem()
    #expect(try TestBlock.write([], dataDirectory: "/data", files: files) == nil)
    #expect(try files.list("/data") == [])
  }

  @Test func `series out of order are refused, not written`() throws {
    let labels: [Labels] = [["a": "1"], ["a": "2"]]
    let symbols = SymbolList(of: labels)
    let numbers = SymbolNumbers(symbols)
    let writer = try BlockWriter(
      dataDirectory: "/data",
      meta: BlockMeta(ulid: ULID(high: 1, low: 1), minTimeMs: 0, maxTimeMs: 9),
      symbols: symbols, files: MemoryFileSystem())
    var chunks = SeriesChunks()
    TestBlock.append([(1, 1)], 10, to: &chunks)
    var series: [UInt32] = []
    numbers.encode(labels[1], into: &series)
    try writer.add(series, chunks)
    numbers.encode(labels[0], into: &series)
    let error = #expect(throws: StorageError.self) { try writer.add(series, chunks) }
    #expect(error?.description.contains("out-of-order series added: a=\"1\"") ?? false)
    writer.abandon()
  }
}

/// An index cut into what must be the same in the files of two writers.
private struct IndexSections {
  let symbolsAndSeries: [UInt8]
  let postings: [UInt8]
  let offsets: [UInt8]

  init(_ file: [UInt8]) throws {
    let end = file.count - 52
    var reader = ByteReader(file.span, at: end)
    var contents: [Int] = []
    for _ in 0..<6 { contents.append(Int(try reader.be64())) }
    // The last entry ends with its checksum; zeros behind it belong to what follows.
    symbolsAndSeries = Array(file[..<contents[2]])
    let postingsEnd = contents[3] > contents[4] ? contents[3] : contents[5]
    postings = Array(file[((contents[4] + 3) / 4 * 4)..<postingsEnd])
    offsets = Array(file[contents[5]..<end])
  }
}
