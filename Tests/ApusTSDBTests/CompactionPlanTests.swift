import ApusTSDB
import Testing

@Suite struct CompactionPlanTests {
  let plan = CompactionPlan(rangesMs: [20, 60, 180, 540, 1620])

  func block(_ minTime: Int64, _ maxTime: Int64, _ change: (inout BlockMeta) -> Void = { _ in })
    -> BlockMeta
  {
    var meta = BlockMeta(
      ulid: ULID(high: UInt64(bitPattern: minTime &+ 1_000_000), low: UInt64(bitPattern: maxTime)),
      minTimeMs: minTime, maxTimeMs: maxTime)
    change(&meta)
    return meta
  }

  func planned(_ blocks: [BlockMeta]) -> [[Int64]] {
    plan.next(blocks).map { [$0.minTimeMs, $0.maxTimeMs] }
  }

  @Test func `nothing to do with none, one, or a newest that would complete a range`() {
    #expect(planned([]) == [])
    #expect(planned([block(0, 20)]) == [])
    #expect(planned([block(0, 20), block(20, 40), block(40, 60)]) == [])
  }

  @Test func `a full range is merged once a newer block is there`() {
    let full = [block(0, 20), block(20, 40), block(40, 60), block(60, 80)]
    #expect(planned(full) == [[0, 20], [20, 40], [40, 60]])
    #expect(planned(full.reversed()) == [[0, 20], [20, 40], [40, 60]])
  }

  @Test func `a range with gaps is merged once it lies before the newest`() {
    // 0 to 60 is not full, and 60 to 120 has begun.
    #expect(
      planned([block(0, 20), block(40, 60), block(60, 80), block(80, 100)])
        == [[0, 20], [40, 60]])
    #expect(
      planned([block(0, 20), block(20, 40), block(60, 80), block(80, 100), block(100, 120)])
        == [[0, 20], [20, 40]])
    // A single one is not worth it.
    #expect(planned([block(0, 20), block(60, 80), block(80, 100), block(100, 120)]) == [])
  }

  @Test func `the shortest range goes first`() {
    let blocks = [
      block(0, 60), block(60, 120), block(120, 180),
      block(180, 200), block(200, 220), block(220, 240), block(240, 260),
    ]
    #expect(planned(blocks) == [[180, 200], [200, 220], [220, 240]])
    #expect(
      planned(Array(blocks.prefix(3)) + [block(180, 200), block(200, 220)])
        == [[0, 60], [60, 120], [120, 180]])
  }

  @Test func `overlapping blocks go before all else`() {
    #expect(
      planned([block(0, 20), block(20, 40), block(40, 60), block(50, 70), block(80, 100)])
        == [[40, 60], [50, 70]])
    // A long one that covers several, with a gap behind which others overlap again.
    #expect(
      planned([block(0, 100), block(10, 20), block(30, 40), block(120, 140), block(130, 150)])
        == [[0, 100], [10, 20], [30, 40]])
    let off = CompactionPlan(rangesMs: plan.rangesMs, mergesOverlapping: false)
    #expect(off.next([block(0, 20), block(10, 20)]) == [])
  }

  @Test func `a failed block keeps its range out`() {
    let failed = block(20, 40) { $0.compaction.isFailed = true }
    #expect(planned([block(0, 20), failed, block(40, 60), block(60, 80)]) == [])
  }

  @Test func `negative times are aligned downwards`() {
    #expect(
      planned([block(-60, -40), block(-40, -20), block(-20, 0), block(0, 20)])
        == [[-60, -40], [-40, -20], [-20, 0]])
  }

  @Test func `blocks across a border are left alone`() {
    #expect(planned([block(10, 70), block(70, 80), block(200, 220)]) == [])
  }

  @Test func `many tombstones make a large block worth rewriting`() {
    func stones(_ count: UInt64, _ series: UInt64) -> (inout BlockMeta) -> Void {
      {
        $0.stats.tombstoneCount = count; $0.stats.seriesCount = series
      }
    }
    let newest = block(1_620, 1_640)
    #expect(planned([block(0, 540, stones(10, 100)), newest]) == [[0, 540]])
    #expect(planned([block(0, 540, stones(5, 100)), newest]) == [])
    // A small one is merged soon anyway, unless nothing is left of it.
    #expect(planned([block(0, 60, stones(10, 100)), newest]) == [])
    #expect(planned([block(0, 60, stones(100, 100)), newest]) == [[0, 60]])
    // The newest never.
    #expect(planned([block(0, 540, stones(10, 100))]) == [])
  }

  @Test func `an excluded block keeps back those made after it`() {
    let blocks = [block(0, 20), block(20, 40), block(40, 60), block(60, 80)]
    #expect(plan.next(blocks) { $0.minTimeMs == 40 } == [])
    #expect(plan.next(blocks + [block(80, 100)]) { $0.minTimeMs == 80 }.count == 3)
  }

  @Test func `blocks of stale series are merged among themselves`() {
    func stale(_ minTime: Int64, _ maxTime: Int64) -> BlockMeta {
      block(minTime, maxTime) { $0.compaction.hints = [BlockMeta.Compaction.fromStaleSeriesHint] }
    }
    #expect(planned([block(0, 20), stale(10, 15), block(20, 40)]) == [])
    #expect(planned([block(0, 20), stale(10, 15), stale(12, 18)]) == [[10, 15], [12, 18]])
  }

  @Test func `ranges grow by three up to the longest`() {
    #expect(CompactionPlan.exponentialRanges(minMs: 2, maxMs: 54) == [2, 6, 18, 54])
    #expect(CompactionPlan.exponentialRanges(minMs: 2, maxMs: 53) == [2, 6, 18])
    #expect(CompactionPlan.exponentialRanges(minMs: 2, maxMs: 2) == [2])
    #expect(CompactionPlan.exponentialRanges(minMs: 2, maxMs: .max).count == 10)
  }

  @Test(arguments: 0..<30 as Range<UInt64>)
  func `plans of random blocks end, and never touch the newest`(seed: UInt64) {
    let random = SeededRandom(seed)
    var blocks: [BlockMeta] = []
    var next = Int64(random.below(1000)) * 20 - 10_000
    for _ in 0..<(random.below(120) + 2) {
      blocks.append(block(next, next + 20))
      next += random.below(5) == 0 ? 20 * Int64(random.below(20) + 1) : 20
    }
    let newest = blocks[blocks.count - 1]
    var rounds = 0
    while case let chosen = plan.next(blocks), !chosen.isEmpty {
      #expect(chosen.count > 1)
      #expect(!chosen.contains(newest))
      let merged = BlockMeta.merging(
        chosen, as: ULID(high: 1 << 60, low: UInt64(rounds)))
      #expect(merged.maxTimeMs - merged.minTimeMs <= 1620)
      blocks.removeAll { chosen.contains($0) }
      blocks.append(merged)
      rounds += 1
      #expect(rounds < 200)
      if rounds >= 200 { break }
    }
    #expect(blocks.count <= 2 + 5 * 3 + Int(next + 10_000) / 1620 * 2)
  }
}

@Suite struct RetentionPlanTests {
  func block(_ number: UInt64, until maxTime: Int64, bytes: Int64 = 0)
    -> RetentionPlan.Candidate
  {
    RetentionPlan.Candidate(
      meta: BlockMeta(
        ulid: ULID(high: 0, low: number), minTimeMs: maxTime - 10, maxTimeMs: maxTime),
      sizeBytes: bytes)
  }

  func id(_ number: UInt64) -> ULID { ULID(high: 0, low: number) }

  @Test func `age is counted from the end of the newest, the bound included`() {
    let blocks = [block(1, until: 100), block(2, until: 150), block(3, until: 200)]
    func old(_ retention: Int64) -> Set<ULID> {
      RetentionPlan(retentionMs: retention, sizeBytesMax: 0).decide(blocks, otherBytes: 0).tooOld
    }
    #expect(old(101) == [])
    #expect(old(100) == [id(1)])
    #expect(old(50) == [id(1), id(2)])
    #expect(old(1) == [id(1), id(2)], "the newest stays")
    #expect(old(0) == [], "0 keeps all")
  }

  @Test func `the oldest go where all do not fit`() {
    let blocks = [
      block(1, until: 100, bytes: 10), block(2, until: 200, bytes: 10),
      block(3, until: 300, bytes: 10),
    ]
    func gone(_ most: Int64, _ other: Int64) -> Set<ULID> {
      RetentionPlan(retentionMs: 0, sizeBytesMax: most).decide(blocks, otherBytes: other).tooMuch
    }
    #expect(gone(30, 0) == [])
    #expect(gone(30, 1) == [id(1)])
    #expect(gone(29, 0) == [id(1)])
    #expect(gone(15, 0) == [id(1), id(2)])
    #expect(gone(5, 0) == [id(1), id(2), id(3)])
    #expect(gone(0, 500) == [])
  }

  @Test func `replaced and emptied blocks go`() {
    var child = BlockMeta(ulid: id(9), minTimeMs: 0, maxTimeMs: 20)
    child.compaction.parents = [
      .init(ulid: id(1), minTimeMs: 0, maxTimeMs: 10),
      .init(ulid: id(2), minTimeMs: 10, maxTimeMs: 20),
    ]
    var empty = BlockMeta(ulid: id(3), minTimeMs: 0, maxTimeMs: 20)
    empty.compaction.isDeletable = true
    let decision = RetentionPlan(retentionMs: 0, sizeBytesMax: 0).decide(
      [.init(meta: child, sizeBytes: 1), .init(meta: empty, sizeBytes: 1)], otherBytes: 0)
    #expect(decision.replaced == [id(1), id(2)])
    #expect(decision.emptied == [id(3)])
    #expect(decision.all == [id(1), id(2), id(3)])
  }
}
