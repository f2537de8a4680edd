/// The bytes of a file: what readers see, and what would be left if the power went now.
final class FaultyFile {
  /// What is in the page cache; survives the end of the process.
  var bytes: [UInt8] = []
  /// Blocks that exist behind `bytes`, and read as zeros; no less than `bytes.count`.
  var allocated = 0
  /// What was there at the last sync.
  var durable: [UInt8] = []
  /// Pages that a failed sync did not write, and that no other will unless they are changed.
  private var lostPages: Set<Int> = []
  /// Names that lead here.
  var linkCount = 0

  var sizeBytes: Int { max(bytes.count, allocated) }

  /// Bytes that it takes of the volume.
  var blockBytes: Int { (sizeBytes + 4095) / 4096 * 4096 }

  /// All bytes, with the zeros behind them.
  var content: [UInt8] {
    allocated > bytes.count
      ? bytes + [UInt8](repeating: 0, count: allocated - bytes.count) : bytes
  }

  /// Puts bytes at an offset no greater than the length.
  func put(_ new: [UInt8], at offset: Int) {
    if offset == bytes.count {
      bytes += new
    } else {
      let end = min(bytes.count, offset + new.count)
      bytes.replaceSubrange(offset..<end, with: new)
    }
    allocated = max(allocated, bytes.count)
    guard !lostPages.isEmpty, !new.isEmpty else { return }
    let pages = offset / Self.pageBytes...(offset + new.count - 1) / Self.pageBytes
    lostPages = lostPages.filter { !pages.contains($0) }
  }

  func resize(to count: Int) {
    if count < bytes.count {
      bytes.removeSubrange(count...)
    } else {
      bytes += [UInt8](repeating: 0, count: count - bytes.count)
    }
    allocated = count
  }

  func sync() { durable = reachable }

  /// What a sync that fails leaves behind.
  func failSync() {
    let now = content
    for page in 0..<((now.count + Self.pageBytes - 1) / Self.pageBytes) {
      let range = page * Self.pageBytes..<min(now.count, (page + 1) * Self.pageBytes)
      let isClean = range.upperBound <= durable.count && now[range] == durable[range]
      if !isClean { lostPages.insert(page) }
    }
  }

  /// All bytes that can get to the disk.
  private var reachable: [UInt8] {
    var bytes = content
    for page in lostPages {
      let start = page * Self.pageBytes
      for i in start..<max(start, min(bytes.count, start + Self.pageBytes)) {
        bytes[i] = i < durable.count ? durable[i] : 0
      }
    }
    return bytes
  }

  private static let pageBytes = 4096

  /// Becomes what the disk has after the power went: each page as it was at the last sync, or as it
  /// was written since, or torn between the two; the length is the old one, the new one, or one in
  /// between.
  func losePower(_ chance: inout FaultChance) {
    let written = reachable
    defer {
      allocated = bytes.count
      durable = bytes
      lostPages = []
    }
    guard written != durable else {
      bytes = durable
      return
    }
    switch chance.below(4) {
    case 0: bytes = durable
    case 1: bytes = written
    default:
      let shorter = min(written.count, durable.count)
      let longer = max(written.count, durable.count)
      let count = chance.below(2) == 0 ? longer : shorter + chance.below(longer - shorter + 1)
      bytes = Self.mixed(durable, written, count, &chance)
    }
  }

  private static func mixed(
    _ old: [UInt8], _ new: [UInt8], _ count: Int, _ chance: inout FaultChance
  ) -> [UInt8] {
    var mixed: [UInt8] = []
    mixed.reserveCapacity(count)
    while mixed.count < count {
      let page = mixed.count..<min(count, mixed.count + 4096)
      let isNew = chance.below(2) == 0
      // One page in eight is torn: its sectors are of both times.
      let tear = chance.below(8) == 0 ? page.lowerBound + chance.below(8) * 512 : page.upperBound
      for i in page {
        let source = (i < tear) == isNew ? new : old
        mixed.append(i < source.count ? source[i] : 0)
      }
    }
    return mixed
  }
}

/// A directory: names now, and which changes of them are not durable yet.
final class FaultyDirectory {
  enum Node {
    case file(FaultyFile)
    case directory(FaultyDirectory)
  }

  var children: [String: Node] = [:]
  private var durable: [String: Node] = [:]
  /// Changes since the last sync, in order; those of one step come together or not at all.
  private var changes: [[(name: String, node: Node?)]] = []

  func change(_ step: [(name: String, node: Node?)]) {
    for (name, node) in step { children[name] = node }
    changes.append(step)
  }

  func sync() {
    durable = children
    changes.removeAll()
  }

  /// Becomes what the disk has: the changes since the last sync up to some point, as a journal
  /// keeps them.
  func losePower(_ chance: inout FaultChance) {
    for step in changes.prefix(chance.below(changes.count + 1)) {
      for (name, node) in step { durable[name] = node }
    }
    children = durable
    changes.removeAll()
    for name in children.keys.sorted() {
      switch children[name] {
      case .file(let file): file.losePower(&chance)
      case .directory(let directory): directory.losePower(&chance)
      case nil: continue
      }
    }
  }

  /// All files below, each name counted.
  func forEachFile(_ body: (FaultyFile) -> Void) {
    for node in children.values {
      switch node {
      case .file(let file): body(file)
      case .directory(let directory): directory.forEachFile(body)
      }
    }
  }
}

/// Numbers that come out the same for the same seed (splitmix64).
package struct FaultChance: Sendable, RandomNumberGenerator {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A number from 0 up to, not including, `bound`.
  package mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(1, bound))) }

  package mutating func oneIn(_ count: Int) -> Bool { below(count) == 0 }
}
