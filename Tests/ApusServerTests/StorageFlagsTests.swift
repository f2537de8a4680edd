import ApusConfig
import ApusTSDB
import Testing

@testable import ApusServer

@Suite struct StorageFlagsTests {
  private func settings(_ arguments: String...) throws -> Settings {
    let flags = Flags(try FlagParser(arguments) { _ in [] })
    return try Settings(flags: flags, hostName: "host")
  }

  @Test func `chunks are as long as the flags say`() throws {
    let usual = try settings().storageOptions(StorageConfig())
    #expect(usual.samplesPerChunk == 120 && usual.chunking == .denseDefault)
    let given = ["--storage.tsdb.samples-per-chunk=60", "--no-storage.tsdb.large-chunks"]
    let other = try settings(given[0], given[1]).storageOptions(StorageConfig())
    #expect(other.samplesPerChunk == 60 && other.chunking == .prometheus)
  }

  @Test func `the page tells every bound of the retention`() throws {
    var config = StorageConfig()
    #expect(try settings().retentionText(config) == "15d")
    config.retentionPercentage = 12.5
    #expect(try settings().retentionText(config) == "12.5%")
    #expect(
      try settings("--storage.tsdb.retention.time=2h", "--storage.tsdb.retention.size=1GB")
        .retentionText(config) == "2h or 1GiB or 12.5%")
  }

  @Test func `a retention of zero is none, and then it is that of Prometheus`() throws {
    let day: Int64 = 86_400_000
    let zero = "--storage.tsdb.retention.time=0s"
    #expect(try settings(zero).storageOptions(StorageConfig()).retentionMs == 15 * day)
    #expect(try settings(zero).usesDefaultRetention(StorageConfig()))
    let sized = try settings(zero, "--storage.tsdb.retention.size=1GB")
    #expect(sized.storageOptions(StorageConfig()).retentionMs == 0)
    #expect(!sized.usesDefaultRetention(StorageConfig()))
    var config = StorageConfig()
    config.retentionMs = day
    #expect(try settings(zero).storageOptions(config).retentionMs == day)
  }

  @Test func `looking for blocks too often is told`() throws {
    #expect(try settings().warnings.isEmpty)
    #expect(try settings("--storage.tsdb.block-reload-interval=1s").warnings.isEmpty)
    let warnings = try settings("--storage.tsdb.block-reload-interval=200ms").warnings
    #expect(warnings.count == 1 && warnings[0].contains("less than 1s"))
  }

  @Test(arguments: ["memory-snapshot-on-shutdown", "fast-startup", "use-uncached-io"])
  func `what the head image does in any case is no reason not to start`(_ feature: String) throws {
    let features = try settings("--enable-feature=\(feature)").features
    #expect(features.warnings.map(\.option) == [feature])
  }
}
