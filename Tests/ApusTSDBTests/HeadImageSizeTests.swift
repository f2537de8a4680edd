import ApusModel
import ApusStorage
import ApusSystem
import ApusTSDB
import Testing

/// Images of heads whose chunks have grown out of much memory, which is free by now.
struct HeadImageSizeTests {
  private static let seriesCount = 2_000

  private func add(_ store: TSDB, steps: Range<Int>) throws {
    let refs = try store.resolve((0..<Self.seriesCount).map { ["__name__": "s", "n": "\($0)"] })
    for step in steps {
      var numbers = SeededNumbers(UInt64(step))
      var batch = AppendBatch()
      for ref in refs {
        batch.append(
          ref, timeMs: 1_699_999_200_000 + Int64(step) * 15_000,
          value: Double.random(in: 0...1, using: &numbers))
      }
      #expect(try store.append(batch).rejections.isEmpty)
    }
  }

  @Test func `free memory is not in an image, and is used again after it`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path, FullHead.options)
    try add(store, steps: 0..<60)
    try store.close()
    let path = FilePath.join(directory.path, "apus_head/image")
    let sizeBytes = try #require(try PosixFileSystem().status(path)).sizeBytes
    // A sample takes some 9 bytes; with the sizes that a chunk has grown through, it is over 60.
    #expect(sizeBytes < Self.seriesCount * 60 * 24)
    let again = try openStore(directory.path, FullHead.options)
    #expect(again.headStart == .image)
    #expect(try again.answers(everything) == store.answers(everything))
    try add(again, steps: 60..<200)
    let answers = try again.answers(everything)
    #expect(answers.count == Self.seriesCount)
    #expect(answers.allSatisfy { $0.times.count == 200 })
    // The same without an image.
    try again.close()
    try PosixFileSystem().remove(path)
    let replayed = try openStore(directory.path, FullHead.options)
    #expect(replayed.headStart != .image)
    #expect(try replayed.answers(everything) == answers)
  }
}
