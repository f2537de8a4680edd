internal import ApusModel
internal import ApusStorage
internal import ApusSystem
internal import Synchronization

/// What an image has to know beside the head.
struct HeadImageContext {
  var files: any FileSystem
  /// Where images stand.
  var directory: String
  var logDirectory: String
  var blocksEndMs: Int64
  var expiries: [SeriesRef: Int]
  var refMap: [UInt64: UInt64]
  /// Nobody appends any more.
  var isQuiet: Bool
}

extension HeadImage {
  /// Writes an image of a head, beside appends and queries, and puts it in the place of the one
  /// before. No chunks may be moved to disk, and no series dropped, until it returns.
  /// - Returns: its size, and where in the log it stands.
  static func write(
    _ head: Head, _ context: HeadImageContext
  ) throws -> (sizeBytes: Int, log: LogPosition) {
    let moment = head.moment(isQuiet: context.isQuiet)
    let free = moment.columns.slots.free
    let writer = try HeadImageWriter(files: context.files, directory: context.directory)
    do {
      try writeArena(of: head, moment.columns.slots, free, context.isQuiet, writer)
      try writeColumns(moment.columns, writer)
      try writeLists(moment, free, writer)
      let log = try writeSummary(head, moment, context, writer)
      try writer.finish()
      try writer.publish()
      return (writer.sizeBytes, log)
    } catch {
      writer.discard()
      throw error
    }
  }

  /// The lease of the moment keeps what it refers to; what came since is not referred to.
  private static func writeArena(
    of head: Head, _ slots: SlotArena.Moment, _ free: FreeRanges, _ isQuiet: Bool,
    _ writer: HeadImageWriter
  ) throws(PosixError) {
    let arena = head.columns.slots.arena
    let step = HeadImageFormat.pieceBytes
    let runs = free.runs(until: slots.next)
    // The file's pages need not be more memory than the system has: that is slow.
    if isQuiet && !slots.isFreeRead {
      for (run, next) in zip(runs, runs.dropFirst()) {
        arena.release(run.upperBound..<next.lowerBound)
      }
    }
    var piece: [UInt8] = []
    writer.begin()
    for run in runs {
      for start in stride(from: run.lowerBound, to: run.upperBound, by: step) {
        let range = start..<min(start + step, run.upperBound)
        if isQuiet {
          try writer.add(.arena, piece: arena.bytes(range))
          continue
        }
        // The bytes must not change between their checksum and their way to the disk.
        piece.removeAll(keepingCapacity: true)
        head.stateLock.withLock { _ in arena.append(range, to: &piece) }
        try writer.add(.arena, piece: piece.span)
      }
    }
    try writer.end(.arena)
  }

  private static func writeColumns(
    _ columns: SeriesColumns.Moment, _ writer: HeadImageWriter
  ) throws(PosixError) {
    try writer.add(.states, columns.states)
    try writer.add(.seriesTable, columns.table.slotWords)
    try writer.add(.symbols, columns.symbols.entries)
    try writer.add(.symbolTable, columns.symbols.table.slotWords)
    try writer.add(.pairs, columns.postings.pairs)
    try writer.add(.pairTable, columns.postings.table.slotWords)
  }

  private static func writeLists(
    _ moment: HeadMoment, _ free: FreeRanges, _ writer: HeadImageWriter
  ) throws(PosixError) {
    var lists = ByteWriter()
    HeadImageLists(moment, free).encode(&lists)
    try writer.add(.lists, lists.span)
    let live = moment.liveOrdinals
    var records = ByteWriter()
    HeadImageRecords.encode(moment, &records) { live.contains($0) }
    try writer.add(.records, records.span)
  }

  /// Comes last: the files that it names hold by then what the rest refers to.
  private static func writeSummary(
    _ head: Head, _ moment: HeadMoment, _ context: HeadImageContext,
    _ writer: HeadImageWriter
  ) throws -> LogPosition {
    var summary = HeadImageSummary()
    summary.baseRef = moment.columns.baseRef
    summary.nextOrdinal = moment.columns.nextOrdinal
    summary.arenaEnd = moment.columns.slots.next
    summary.arenaUsedBytes = moment.columns.slots.usedBytes
    summary.textBytes = moment.columns.symbols.textBytes
    summary.all = moment.columns.postings.all
    summary.minTime = moment.times.minTime
    summary.maxTime = moment.times.maxTime
    summary.floor = moment.times.floor
    summary.blocksEndMs = context.blocksEndMs
    summary.isQuiet = context.isQuiet
    summary.expiries = context.expiries
    summary.refMap = context.refMap
    summary.chunkFiles = head.chunkFiles?.marks ?? []
    summary.log = moment.log
    try summary.log.seal(context.files, context.logDirectory)
    if !context.isQuiet {
      // After a power loss the image must not know of more than log and chunk files hold.
      try head.log?.writer.sync()
      try head.chunkFiles?.sync()
    }
    var bytes = ByteWriter()
    summary.encode(&bytes)
    try writer.add(.summary, bytes.span)
    return summary.log
  }
}

extension HeadMoment {
  /// Those ordinals of tombstones, exemplars, metadata and histograms that series still have.
  fileprivate var liveOrdinals: Set<UInt32> {
    var named = Set(exemplars.map(\.ordinal))
    named.formUnion(tombstones.intervals.keys)
    named.formUnion(metadata.keys)
    named.formUnion(histograms.keys)
    guard !named.isEmpty else { return [] }
    var live = Set<UInt32>()
    for slot in 0..<columns.states.count {
      let state = columns.states.column[slot]
      if !state.isDead, named.contains(state.ordinal) { live.insert(state.ordinal) }
    }
    return live
  }
}
