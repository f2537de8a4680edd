import ApusModel
import ApusStorage
import ApusSystem
import Testing

@testable import ApusTSDB

/// Files that are whole, each of them, and not those of one block.
struct BlockPartsTests {
  private let files = MemoryFileSystem()
  private let a: String
  private let b: String

  init() throws {
    // Of the same shape, so that offsets of one mean something in the other.
    a = try Self.write(7_200_000, seed: 1, files)
    b = try Self.write(14_400_000, seed: 2, files)
  }

  private static func write(
    _ start: Int64, seed: UInt64, _ files: MemoryFileSystem
  ) throws -> String {
    let series: [TestBlock.Series] = (0..<3).map { n in
      (
        ["__name__": "up", "n": "\(n)"],
        (0..<10).map { (start + $0 * 1_000, Double(start + $0)) }
      )
    }
    let meta = try #require(
      try TestBlock.write(series, dataDirectory: "/data", files: files, seed: seed))
    return "/data/\(meta.ulid)"
  }

  private func swap(_ name: String) throws {
    let (one, other) = (try files.read("\(a)/\(name)"), try files.read("\(b)/\(name)"))
    try files.write("\(a)/\(name)", other)
    try files.write("\(b)/\(name)", one)
  }

  private func errors() throws -> [String] {
    let opened = try DataDirectory(path: "/data", files: files).open()
    #expect(opened.blocks.count + opened.failures.count == 2)
    return opened.failures.map(\.error.description)
  }

  @Test func `blocks are whole before their files are mixed`() throws {
    #expect(try errors() == [])
  }

  @Test func `the meta of another block is told of`() throws {
    try swap("meta.json")
    let found = try errors()
    #expect(found.count == 2)
    #expect(
      found.first == "block meta file \(a)/meta.json: it is that of block "
        + "\(FilePath.lastName(of: b)). Restore it, or give the directory that name.")
  }

  @Test(arguments: [("index", "the index"), ("chunks/000001", "the chunk file")])
  func `an index or chunks of another block are told of`(name: String, part: String) throws {
    try swap(name)
    let found = try errors()
    #expect(found.count == 2)
    #expect(
      found.first?.hasPrefix(
        "block \(a): \(part) holds samples of 14400000 to 14409000, and ") == true, "\(found)")
    #expect(found.allSatisfy { $0.hasSuffix("Restore the block, or move its directory aside.") })
  }

  @Test func `a block of which a file is missing is told of with what to do`() throws {
    try files.remove("\(a)/index")
    try files.remove("\(b)/chunks")
    let found = try errors()
    #expect(found.count == 2)
    for (error, path) in zip(found, ["\(a)/index", "\(b)/chunks"]) {
      #expect(error.contains("\(path): no such file or directory"))
      #expect(error.hasSuffix(". Restore the block, or move its directory aside."))
    }
  }

  @Test func `tombstones that are gone are missed`() throws {
    let block = try Block(directory: a, files: files)
    #expect(!block.hasLostTombstones)
    try block.delete(in: .all, matching: [.equal("n", "1")])
    #expect(!(try Block(directory: a, files: files)).hasLostTombstones)
    try files.remove("\(a)/tombstones")
    #expect(try Block(directory: a, files: files).hasLostTombstones)
    try files.write("\(a)/tombstones", TombstoneFile.encode(Tombstones()))
    #expect(try Block(directory: a, files: files).hasLostTombstones)
  }

  @Test func `a bit flipped in a meta that Apus wrote is an error or says the same`() throws {
    let bytes = try files.read("\(a)/meta.json")
    let wanted = try BlockMeta.decode(bytes, path: "meta.json")
    var errors = 0
    for bit in 0..<(bytes.count * 8) {
      var changed = bytes
      changed[bit / 8] ^= 1 << UInt8(bit % 8)
      do throws(StorageError) {
        var found = try BlockMeta.decode(changed, path: "meta.json")
        found.unknown = []
        #expect(found == wanted, "bit \(bit)")
      } catch {
        #expect(error.reason == .corrupt)
        errors += 1
      }
    }
    #expect(errors > bytes.count * 5)
  }

  @Test func `a changed meta is taken without its checksum, and another layout with it`() throws {
    let text = String(decoding: try files.read("\(a)/meta.json"), as: UTF8.self)
    #expect(text.contains("\"apus\": {\n\t\t\"crc32c\": \""))
    let flat = text.replacing("\n", with: "").replacing("\t", with: "")
    let wanted = try BlockMeta.decode(Array(text.utf8), path: "meta.json")
    #expect(try BlockMeta.decode(Array(flat.utf8), path: "meta.json") == wanted)
    let changed = text.replacing("\"level\": 1", with: "\"level\": 2")
    let error = #expect(throws: StorageError.self) {
      try BlockMeta.decode(Array(changed.utf8), path: "/x/meta.json")
    }
    #expect(
      error?.description == "block meta file /x/meta.json: checksum did not match (if it was "
        + "changed on purpose, remove its member \"apus\"). Restore it, or move the block's "
        + "directory aside.")
    let open = changed.replacing("\"apus\"", with: "\"other\"")
    #expect(try BlockMeta.decode(Array(open.utf8), path: "meta.json").compaction.level == 2)
  }

  @Test func `what others add stays when a meta is written again`() throws {
    let text = String(decoding: try files.read("\(a)/meta.json"), as: UTF8.self)
    let shipped = String(text.dropLast(2)) + ",\n\t\"thanos\": {\n\t\t\"labels\": {}\n\t}\n}"
    try files.write("\(a)/meta.json", Array(shipped.utf8))
    try Block(directory: a, files: files).delete(in: .all, matching: [.equal("n", "1")])
    let after = String(decoding: try files.read("\(a)/meta.json"), as: UTF8.self)
    #expect(after.contains("\"thanos\": {\n\t\t\"labels\": {}\n\t}"))
    #expect(after.split(separator: "\"apus\"").count == 2)
    #expect(try Block(directory: a, files: files).meta.stats.tombstoneCount == 1)
  }
}
