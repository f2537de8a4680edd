import ApusSystem
import Testing

struct AllocationTests {
  @Test func `steps grow with what was written since the last sync, and shrink again`() {
    var step = AllocationStep(bytesMax: 1 << 20)
    var allocated = 0
    var steps: [Int] = []
    while allocated < 32 << 20 {
      let next = step.next(allocated: allocated)
      if steps.last != next { steps.append(next) }
      // Never more than an eighth is there for nothing, but for the first steps.
      #expect(next == AllocationStep.bytesMin || next * 4 <= allocated)
      allocated += next
    }
    #expect(steps == [64 << 10, 128 << 10, 256 << 10, 512 << 10, 1 << 20])
    let gives = (0...5).map { step.sync(length: allocated + $0) }
    #expect(!gives.contains(true))
    let next = step.next(allocated: allocated)
    #expect(next == AllocationStep.bytesMin)
    let givesIdle = step.sync(length: allocated + 5)
    #expect(givesIdle)
  }

  @Test func `a small bound is never passed`() {
    var step = AllocationStep(bytesMax: 4096)
    var steps = [step.next(allocated: 0), step.next(allocated: 1 << 20)]
    let givesIdle = step.sync(length: 0)
    steps.append(step.next(allocated: 1 << 20))
    #expect(givesIdle)
    #expect(steps == [4096, 4096, 4096])
  }

  @Test func `only file systems that keep allocated blocks are written through a mapping`() {
    for kind in [FileSystemKind.ext, .xfs, .tmpfs, .overlay] { #expect(kind.reservesBlocks) }
    // btrfs, zfs, nfs, fuse
    for number: UInt64 in [0x9123_683E, 0x2FC1_2FC1, 0x6969, 0x6573_5546] {
      #expect(!FileSystemKind(number: number).reservesBlocks)
    }
  }

  @Test func `an idle file gives back what was allocated ahead, and goes on growing`() throws {
    let directory = TestDirectory()
    defer { directory.remove() }
    let files = PosixFileSystem()
    let path = FilePath.join(directory.path, "a")
    let file = try files.create(path, .mapped(stepBytesMax: 1 << 20))
    let piece = [UInt8](repeating: 7, count: 5000)
    try file.append(piece.span)
    try file.sync()
    try file.sync()
    #expect(try files.status(path)?.sizeBytes ?? 0 <= 8192)
    for _ in 0..<100 { try file.append(piece.span) }
    let bytes = try files.read(path)
    #expect(Array(bytes.prefix(505_000)) == [UInt8](repeating: 7, count: 505_000))
    #expect(bytes[505_000...].allSatisfy { $0 == 0 })
    try file.close()
    #expect(try files.status(path)?.sizeBytes == 505_000)
  }

  /// On a volume of less than 64 MB: `APUS_SMALL_VOLUME=/mnt/small swift test --filter Allocation`.
  @Test(.enabled(if: ProcessEnvironment.value("APUS_SMALL_VOLUME") != nil))
  func `a full volume is an error and no signal, and what was written stays`() throws {
    let volume = try #require(ProcessEnvironment.value("APUS_SMALL_VOLUME"))
    let files = PosixFileSystem()
    let path = FilePath.join(volume, "grows")
    let file = try files.create(path, .mapped(stepBytesMax: 1 << 20))
    let piece = (0..<10_007).map { UInt8(truncatingIfNeeded: $0) }
    var count = 0
    var isFull = false
    while count < 10_000 && !isFull {
      do throws(PosixError) {
        try file.append(piece.span)
        count += 1
      } catch {
        isFull = error.isNoSpace
      }
    }
    #expect(isFull)
    #expect(file.lengthBytes == count * piece.count)
    #expect(throws: PosixError.self) { try file.append(piece.span) }
    try file.sync()
    try file.close()
    #expect(try files.read(path) == Array(repeatElement(piece, count: count).joined()))
    try files.remove(path)
  }
}

struct HandoffTests {
  @Test func `elements come out in order, and the end is told`() {
    let queue = Handoff<Int>(capacity: 2)
    let thread = BlockingThread(name: "puts")
    thread.start {
      for i in 0..<1000 { queue.put(i) }
      queue.close()
    }
    var taken: [Int] = []
    while let next = queue.take() { taken.append(next) }
    #expect(taken == Array(0..<1000))
    #expect(queue.take() == nil)
  }

  @Test func `who puts into a closed queue is told`() {
    let queue = Handoff<Int>(capacity: 1)
    #expect(queue.put(1))
    let thread = BlockingThread(name: "puts")
    let answer = Handoff<Bool>(capacity: 1)
    // Waits for room that never comes, or finds the queue closed.
    thread.start { answer.put(queue.put(2)) }
    queue.close()
    #expect(answer.take() == false)
    #expect(queue.take() == 1)
    #expect(queue.take() == nil)
  }
}
