internal import ApusSystem

/// All of a series that changes as samples come in, in one cache line of 64 bytes: an append
/// touches this, the end of the open chunk, and nothing else.
struct SeriesState: BitwiseCopyable, Sendable {
  /// Time of the newest sample; `.min` while there is none.
  var lastTime = Int64.min
  /// Bits of the newest float.
  var lastBits: UInt64 = 0
  /// Time of the first sample of the open chunk.
  var chunkStart: Int64 = 0
  /// A sample at or after this time begins a new chunk.
  var nextAt: Int64 = 0
  /// Time between the last two samples of the open chunk; chunks are shorter than 2^32 ms.
  var delta: UInt32 = 0
  /// The open chunk; 0 is none.
  var chunkAddress: SlotAddress = 0
  /// Bits written to the open chunk, with the 16 of its header.
  var bitCount: UInt16 = 0
  /// Samples in the open chunk.
  var sampleCount: UInt16 = 0
  /// Window of the last XOR.
  var leading: UInt8 = XORState.noWindow
  var trailing: UInt8 = 0
  var chunkClass: UInt8 = 0
  var flags: Flags = []
  /// Full chunks, oldest first (`ChunkList`); 0 is none.
  var listAddress: SlotAddress = 0
  var listCount: UInt32 = 0
  /// The label record (`SeriesLabels`).
  var labelsAddress: SlotAddress = 0
  /// Number of the series, never reused; its ref without the base.
  var ordinal: UInt32 = 0

  struct Flags: OptionSet, BitwiseCopyable, Sendable {
    let rawValue: UInt8

    init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Removed from the head; nobody finds it any more.
    static let dead = Flags(rawValue: 1)
    /// Its newest sample is a stale marker.
    static let stale = Flags(rawValue: 2)
    /// Its newest samples are native histograms; the open chunk stands in `HistogramSeries`.
    static let histogram = Flags(rawValue: 4)
    /// It has late samples, which stand in `OutOfOrderHead`.
    static let outOfOrder = Flags(rawValue: 8)
    /// Its chunks come from chunks_head, and the log may hold more between them; so far it does not
    /// up to `chunkStart`, the end of a chunk.
    static let unproven = Flags(rawValue: 16)

    /// Those that an append in order has to look at.
    static let unusual: Flags = [.dead, .stale, .histogram]
  }

  /// Whether the open chunk of floats holds samples.
  var hasOpenChunk: Bool { sampleCount > 0 }

  var isStale: Bool { flags.contains(.stale) }
  var isDead: Bool { flags.contains(.dead) }
}

/// A full chunk as its series remembers it: 24 bytes.
struct ChunkEntry: BitwiseCopyable, Sendable {
  var minTime: Int64
  /// In memory: 1 << 63 | bytes << 40 | slot address. On disk: reference of chunks_head.
  var location: UInt64
  var durationMs: UInt32
  var sampleCount: UInt16
  /// Byte of the chunk's encoding on disk.
  var encoding: UInt8
  /// Size class of the slot while in memory.
  var sizeClass: UInt8

  var maxTime: Int64 { minTime + Int64(durationMs) }

  var isInMemory: Bool { location >> 63 == 1 }

  var address: SlotAddress { SlotAddress(truncatingIfNeeded: location) }

  /// Bytes of the chunk while in memory.
  var byteCount: Int { Int(location >> 40) & 0x7F_FFFF }

  static func inMemory(_ address: SlotAddress, byteCount: Int) -> UInt64 {
    1 << 63 | UInt64(byteCount) << 40 | UInt64(address)
  }
}

/// The full chunks of a series in one slot: | size class 1 | 0 x 7 | entry 24 | entry 24 | ... |
///
/// Entries only come at the end; dropping the oldest makes a new list. A location changes in place
/// when its chunk moves to disk.
enum ChunkList {
  private static let headerBytes = 8
  private static let stride = MemoryLayout<ChunkEntry>.stride

  @inline(__always)
  static func entry(_ index: Int, of address: SlotAddress, in slots: SlotArena) -> ChunkEntry {
    slots.arena.load(at: offset(address, index))
  }

  static func append(_ entry: ChunkEntry, to state: inout SeriesState, in slots: SlotArena) {
    let count = Int(state.listCount)
    let wanted = headerBytes + (count + 1) * stride
    if count == 0 {
      state.listAddress = make(bytes: wanted, in: slots)
    } else if wanted > SlotArena.bytes(ofClass: sizeClass(state.listAddress, slots)) {
      let old = state.listAddress
      let grown = make(bytes: wanted + (count > 8 ? wanted / 2 : 0), in: slots)
      slots.arena.copy(
        from: offset(old, 0), to: offset(grown, 0), count: count * stride)
      slots.free(old, sizeClass: sizeClass(old, slots))
      state.listAddress = grown
    }
    slots.arena.store(entry, at: offset(state.listAddress, count))
    state.listCount += 1
  }

  /// Points an entry to where its chunk now is.
  static func setLocation(
    _ location: UInt64, at index: Int, of address: SlotAddress, in slots: SlotArena
  ) {
    let field = offset(address, index) + MemoryLayout<Int64>.size
    slots.arena.store(location, at: field)
  }

  /// Drops the `count` oldest entries.
  static func dropFirst(_ count: Int, of state: inout SeriesState, in slots: SlotArena) {
    guard count > 0 else { return }
    let old = state.listAddress
    let left = Int(state.listCount) - count
    if left == 0 {
      state.listAddress = 0
    } else {
      state.listAddress = make(bytes: headerBytes + left * stride, in: slots)
      slots.arena.copy(
        from: offset(old, count), to: offset(state.listAddress, 0), count: left * stride)
    }
    slots.free(old, sizeClass: sizeClass(old, slots))
    state.listCount = UInt32(left)
  }

  /// Drops the `count` newest entries, whose chunks are on disk.
  static func dropLast(_ count: Int, of state: inout SeriesState, in slots: SlotArena) {
    guard count < Int(state.listCount) else {
      return dropFirst(Int(state.listCount), of: &state, in: slots)
    }
    state.listCount -= UInt32(count)
  }

  private static func make(bytes: Int, in slots: SlotArena) -> SlotAddress {
    let sizeClass = SlotArena.sizeClass(for: bytes)
    let address = slots.allocate(sizeClass: sizeClass)
    slots.arena.store(sizeClass, at: SlotArena.offset(address))
    return address
  }

  private static func sizeClass(_ address: SlotAddress, _ slots: SlotArena) -> UInt8 {
    slots.arena.load(at: SlotArena.offset(address))
  }

  private static func offset(_ address: SlotAddress, _ index: Int) -> Int {
    SlotArena.offset(address) + headerBytes + index * stride
  }
}
