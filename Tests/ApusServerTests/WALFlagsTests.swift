import ApusConfig
import ApusTSDB
import Testing

@testable import ApusServer

@Suite struct WALFlagsTests {
  private func options(_ arguments: String...) throws -> TSDBOptions {
    let flags = Flags(try FlagParser(arguments) { _ in [] })
    return try Settings(flags: flags, hostName: "host").storageOptions(StorageConfig())
  }

  private func refusal(_ arguments: String...) -> String? {
    do {
      _ = try Settings(flags: Flags(try FlagParser(arguments) { _ in [] }), hostName: "host")
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test func `the log is compressed by snappy and synced every second by default`() throws {
    let options = try options()
    #expect(options.walCompression == .snappy)
    #expect(options.walSegmentBytes == 128 << 20)
    #expect(options.walSyncIntervalMs == 1000)
  }

  @Test(arguments: ["snappy", "zstd", "lz4", "none"])
  func `the compression is chosen by name`(_ name: String) throws {
    let options = try options("--storage.tsdb.wal-compression-type=\(name)")
    #expect(options.walCompression.rawValue == name)
  }

  @Test func `switched off, no type compresses`() throws {
    let options = try options(
      "--no-storage.tsdb.wal-compression", "--storage.tsdb.wal-compression-type=zstd")
    #expect(options.walCompression == .none)
  }

  @Test func `other compressions are refused`() {
    #expect(refusal("--storage.tsdb.wal-compression-type=gzip") != nil)
  }

  @Test func `segments have 10 to 256 MB`() throws {
    let text = "flag 'storage.tsdb.wal-segment-size' must be set between 10MB and 256MB"
    #expect(refusal("--storage.tsdb.wal-segment-size=9MB") == text)
    #expect(refusal("--storage.tsdb.wal-segment-size=257MB") == text)
    #expect(try options("--storage.tsdb.wal-segment-size=10MB").walSegmentBytes == 10 << 20)
    #expect(try options("--storage.tsdb.wal-segment-size=256MB").walSegmentBytes == 256 << 20)
  }

  @Test func `the interval of syncs may be zero`() throws {
    #expect(try options("--storage.tsdb.wal-sync-interval=0s").walSyncIntervalMs == 0)
    #expect(try options("--storage.tsdb.wal-sync-interval=5s").walSyncIntervalMs == 5000)
  }
}
