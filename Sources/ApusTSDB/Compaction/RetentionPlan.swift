/// Pure: which blocks go because of their age or size. (Rules: Prometheus, tsdb/db.go,
/// BeyondTimeRetention and BeyondSizeRetention.)
package struct RetentionPlan: Sendable, Equatable {
  /// Blocks whose end lies this long or longer before the end of the newest go; 0 keeps all.
  package var retentionMs: Int64
  /// Blocks that do not fit go, the oldest first; 0 keeps all.
  package var sizeBytesMax: Int64

  package init(retentionMs: Int64, sizeBytesMax: Int64) {
    self.retentionMs = retentionMs
    self.sizeBytesMax = sizeBytesMax
  }

  /// A block as retention sees it.
  package struct Candidate: Sendable {
    package let meta: BlockMeta
    package let sizeBytes: Int64

    package init(meta: BlockMeta, sizeBytes: Int64) {
      self.meta = meta
      self.sizeBytes = sizeBytes
    }
  }

  package struct Decision: Sendable, Equatable {
    package var tooOld: Set<ULID> = []
    package var tooMuch: Set<ULID> = []
    /// Emptied by a compaction, and marked so.
    package var emptied: Set<ULID> = []
    /// Named as a parent by another block: its content is there.
    package var replaced: Set<ULID> = []

    package var all: Set<ULID> { tooOld.union(tooMuch).union(emptied).union(replaced) }
  }

  /// - Parameter otherBytes: what counts towards the size besides blocks: WAL and head chunks.
  package func decide(_ blocks: [Candidate], otherBytes: Int64) -> Decision {
    var decision = Decision()
    for block in blocks {
      if block.meta.compaction.isDeletable { decision.emptied.insert(block.meta.ulid) }
      for parent in block.meta.compaction.parents where parent.ulid != block.meta.ulid {
        decision.replaced.insert(parent.ulid)
      }
    }
    let newestFirst = blocks.sorted { $0.meta.maxTimeMs > $1.meta.maxTimeMs }
    decision.tooOld = tooOld(newestFirst)
    decision.tooMuch = tooMuch(newestFirst, otherBytes)
    return decision
  }

  private func tooOld(_ newestFirst: [Candidate]) -> Set<ULID> {
    guard retentionMs > 0, let newest = newestFirst.first else { return [] }
    let old = newestFirst.dropFirst().filter {
      newest.meta.maxTimeMs.subtractingReportingOverflow($0.meta.maxTimeMs).partialValue
        >= retentionMs
    }
    return Set(old.map(\.meta.ulid))
  }

  private func tooMuch(_ newestFirst: [Candidate], _ otherBytes: Int64) -> Set<ULID> {
    guard sizeBytesMax > 0 else { return [] }
    var total = otherBytes
    for (index, block) in newestFirst.enumerated() {
      total += block.sizeBytes
      if total > sizeBytesMax { return Set(newestFirst[index...].map(\.meta.ulid)) }
    }
    return []
  }
}
