internal import ApusModel
internal import ApusSystem

/// All label names and values of the head, each text once, under a 32-bit id.
///
/// A text counts its uses and makes room for others when the last series that has it is gone.
/// Looked up and changed under the head's locks; a text is read by id by anyone with a lease.
final class HeadSymbols {
  struct Entry: BitwiseCopyable, Sendable {
    var address: SlotAddress
    var length: UInt32
    var hash: UInt32
    var uses: UInt32
  }

  private let slots: SlotArena
  private let epochs: Epochs
  private let entries = SharedColumn<Entry>(capacityMax: Limits.headSymbolsMax)
  private var table = OpenTable()
  private var nextID: UInt32 = 0
  private var freeIDs: [UInt32] = []
  private var limbo = LimboQueue<UInt32>()
  /// Bytes of text in use.
  private(set) var textBytes = 0

  init(slots: SlotArena, epochs: Epochs) {
    self.slots = slots
    self.epochs = epochs
  }

  var count: Int { table.count }

  func find(_ text: Span<UInt8>) -> UInt32? {
    find(text, hash: Self.hash(text))
  }

  /// The id of a text; counts one more use.
  func retain(_ text: Span<UInt8>) -> UInt32 {
    let hash = Self.hash(text)
    if let id = find(text, hash: hash) {
      entries[id].uses += 1
      return id
    }
    let id = freeIDs.popLast() ?? makeID()
    var address: SlotAddress = 0
    if text.count > 0 {
      address = slots.allocate(sizeClass: SlotArena.sizeClass(for: text.count))
      slots.arena.write(text, at: SlotArena.offset(address))
    }
    entries[id] = Entry(address: address, length: UInt32(text.count), hash: hash, uses: 1)
    table.insert(hash, id)
    textBytes += text.count
    return id
  }

  /// Counts one more use of a text that is in use.
  func retain(_ id: UInt32) { entries[id].uses += 1 }

  /// Counts one use less.
  func release(_ id: UInt32) {
    let entry = entries[id]
    precondition(entry.uses > 0, "symbol \(id) released more often than retained")
    entries[id].uses -= 1
    guard entry.uses == 1 else { return }
    table.remove(entry.hash, id)
    textBytes -= Int(entry.length)
    if entry.length > 0 {
      slots.free(entry.address, sizeClass: SlotArena.sizeClass(for: Int(entry.length)))
    }
    limbo.append(id, stamp: epochs.stamp())
  }

  func reclaim() {
    guard !limbo.isEmpty else { return }
    let bound = epochs.reusableBelow
    while let id = limbo.popFirst(stampedBelow: bound) { freeIDs.append(id) }
  }

  /// The text of an id that is in use, or was when the caller's lease was taken.
  @_lifetime(immortal)
  func text(_ id: UInt32) -> Span<UInt8> {
    let entry = entries[id]
    let start = SlotArena.offset(entry.address)
    return slots.arena.bytes(start..<(start + Int(entry.length)))
  }

  /// Appends a text and its length before it, in the encoding of `Labels`.
  func append(_ id: UInt32, to bytes: inout [UInt8]) {
    let entry = entries[id]
    if entry.length < 255 {
      bytes.append(UInt8(truncatingIfNeeded: entry.length))
    } else {
      bytes.append(255)
      bytes.append(UInt8(truncatingIfNeeded: entry.length))
      bytes.append(UInt8(truncatingIfNeeded: entry.length >> 8))
      bytes.append(UInt8(truncatingIfNeeded: entry.length >> 16))
    }
    let start = SlotArena.offset(entry.address)
    slots.arena.append(start..<(start + Int(entry.length)), to: &bytes)
  }

  func string(_ id: UInt32) -> String {
    let bytes = text(id)
    let copy = [UInt8](capacity: bytes.count) { output in
      for i in bytes.indices { output.append(bytes[i]) }
    }
    return String(decoding: copy, as: UTF8.self)
  }

  /// All texts at one moment, without their bytes.
  struct Moment: Sendable {
    var entries: ColumnCopy<Entry>
    var table = OpenTable()
    var freeIDs: [UInt32] = []
    var textBytes = 0
  }

  /// A moment that takes the entries as they stand.
  var sharedMoment: Moment { Moment(entries: ColumnCopy(sharing: entries)) }

  /// Bytes of entries and table.
  var entryBytes: Int { idCount * MemoryLayout<Entry>.stride + table.sizeBytes }

  /// Number of ids ever in use.
  var idCount: Int { Int(nextID) }

  /// False, with nothing done, if the copy has too little room.
  func copy(to moment: inout Moment) -> Bool {
    guard moment.entries.take(entries, count: idCount) else { return false }
    moment.table = table
    moment.textBytes = textBytes
    moment.freeIDs = freeIDs
    limbo.forEach { moment.freeIDs.append($0) }
    return true
  }

  /// Takes the place of what a moment held; `entries` are bytes of `Entry`.
  func restore(_ entryBytes: Span<UInt8>, _ table: OpenTable, freeIDs: [UInt32], textBytes: Int) {
    precondition(nextID == 0, "there are symbols already")
    entries.write(entryBytes)
    nextID = UInt32(entryBytes.count / MemoryLayout<Entry>.stride)
    self.table = table
    self.freeIDs = freeIDs
    self.textBytes = textBytes
  }

  private func find(_ text: Span<UInt8>, hash: UInt32) -> UInt32? {
    table.find(hash) { id in
      let entry = entries[id]
      guard Int(entry.length) == text.count else { return false }
      return compareBytes(self.text(id), text) == 0
    }
  }

  private func makeID() -> UInt32 {
    precondition(Int(nextID) < Limits.headSymbolsMax, "too many label texts in the head")
    nextID += 1
    return nextID - 1
  }

  private static func hash(_ text: Span<UInt8>) -> UInt32 {
    UInt32(truncatingIfNeeded: XXHash64.hash(text) >> 16)
  }
}
