package import ApusSystem
internal import Synchronization

extension WALWriter {
  /// Returns when all that was logged before the call is durable.
  package func sync() throws(WALError) {
    try durable.withLock { durable throws(WALError) in durable = try syncNow() }
  }

  /// As `sync`, for many callers at a time: who waited while another one's sync took up what he has
  /// logged waits no longer.
  package func syncTogether() throws(WALError) {
    let wanted = state.withLock { $0.logged }
    try durable.withLock { durable throws(WALError) in
      if durable < wanted { durable = try syncNow() }
    }
  }

  /// Ends the log; durable on return. Closing twice is fine.
  package func close() throws(WALError) {
    guard !state.withLock({ $0.isClosed }) else { return }
    // While what a sync may lose can still be written anew.
    try sync()
    let wasOpen = try state.withLock { s throws(WALError) in
      guard !s.isClosed else { return false }
      try finish(&s)
      s.isClosed = true
      return true
    }
    if wasOpen { try sync() }
  }

  private struct Undone {
    let retired: [Retired]
    let file: any AppendFile
    let written: Int
    let isDirectoryDirty: Bool
    let logged: UInt64
  }

  /// Under `durable`; returns what is durable now.
  private func syncNow() throws(WALError) -> UInt64 {
    let undone = state.withLock { s in
      s.failure != nil
        ? nil
        : Undone(
          retired: s.retired, file: s.file, written: s.written,
          isDirectoryDirty: s.isDirectoryDirty, logged: s.logged)
    }
    guard let undone else { return try rescueNow() }
    do throws(WALError) {
      if let metrics {
        try metrics.sync { () throws(WALError) in try bringToDisk(undone) }
      } else {
        try bringToDisk(undone)
      }
    } catch {
      guard case .io(let failure) = error else { throw error }
      state.withLock { $0.failure = failure }
      return try rescueNow()
    }
    state.withLock { s in
      s.retired.removeAll { old in undone.retired.contains { $0.file === old.file } }
      // A segment that was begun meanwhile asks for another time.
      if s.file === undone.file {
        s.isDirectoryDirty = false
        s.durable = undone.written
      } else if let place = s.retired.firstIndex(where: { $0.file === undone.file }) {
        let old = s.retired[place]
        s.retired[place] = Retired(
          file: old.file, segment: old.segment, durable: undone.written)
      }
    }
    return undone.logged
  }

  private func bringToDisk(_ undone: Undone) throws(WALError) {
    do throws(PosixError) {
      for old in undone.retired { try old.file.sync() }
      try undone.file.sync()
      if undone.isDirectoryDirty { try files.syncDirectory(directory) }
    } catch {
      throw .io(error)
    }
  }
}

// A sync that fails says that something may not be on the disk, and the next one that succeeds
// says nothing about it: the kernel has marked the pages as clean although they were never written
// (Linux since 4.13; "fsyncgate", 2018). So each segment that is not durable is read back, as long
// as it can be, and written once more, into a file that then takes its place. Until that has
// worked nothing more is taken.

extension WALWriter {
  /// A failed sync that was made good.
  package struct Rescue: Sendable {
    package let failure: PosixError
    /// What could not be read any more, if anything.
    package var lost: WALCorruption?
  }

  /// The last failed sync that was made good since the last call; nil if none failed.
  package func takeRescue() -> Rescue? {
    state.withLock { s in
      guard s.failure == nil, let rescue = s.rescue else { return nil }
      s.rescue = nil
      return rescue
    }
  }

  /// Under `durable`; returns what is durable now.
  private func rescueNow() throws(WALError) -> UInt64 {
    try state.withLock { s throws(WALError) in
      // An append may have come first.
      try rescue(&s)
      return s.rescuedLogged
    }
  }

  /// Writes what a failed sync may have lost anew; does nothing where none failed.
  /// - Throws: `.notDurable`: nothing may be logged.
  func rescue(_ s: inout State) throws(WALError) {
    guard let failure = s.failure else { return }
    var rescue = Rescue(failure: failure)
    do throws(WALError) {
      guard !s.isClosed else { throw .closed }
      if s.written > 0 { try cut(&s) }
      while let one = s.retired.first {
        rescue.lost = try rewrite(one) ?? rescue.lost
        s.retired.removeFirst()
      }
      do throws(PosixError) {
        try s.file.sync()
        try files.syncDirectory(directory)
      } catch {
        throw .io(error)
      }
    } catch {
      throw .notDurable(directory: directory, failure)
    }
    s.isDirectoryDirty = false
    s.failure = nil
    s.rescue = rescue
    s.rescuedLogged = s.logged
  }

  /// Puts a durable copy of a segment in its place; the sync of its name is up to the caller.
  /// - Returns: where it could not be read to the end; the copy ends there.
  private func rewrite(_ one: Retired) throws(WALError) -> WALCorruption? {
    let path = WALSegments.path(directory, one.segment)
    var reader = WALReader(
      files: files, directory: directory, segments: [one.segment], from: one.durable)
    var lost: WALCorruption?
    do throws(WALError) {
      while try reader.next() {}
    } catch {
      switch error {
      case .corruption(let place): lost = place
      // A checkpoint stands for it by now.
      case .io(let error) where error.isNotFound: return nil
      default: throw error
      }
    }
    do throws(PosixError) {
      let bytes = try files.map(path)
      let whole = bytes[0..<min(bytes.count, lost?.offset ?? bytes.count)]
      // No number of a segment: whoever lists the log passes over what a crash leaves of it.
      let beside = path + ".tmp"
      try files.write(beside, whole.span)
      try files.rename(beside, to: path)
    } catch {
      throw .io(error)
    }
    return lost
  }
}
