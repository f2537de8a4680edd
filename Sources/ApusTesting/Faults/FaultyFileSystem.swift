internal import Glibc
internal import Synchronization

/// A file system in memory that fails as real ones do: full, read-only, broken for one call, gone
/// in the middle of a call because the process was killed or the power went.
///
/// What a process wrote survives its death; what it synced survives the loss of power, and of the
/// rest any part may. Names are durable with the sync of their directory. A sync that fails leaves
/// the pages that it should have written as if they had been, as Linux does: a later one that
/// succeeds does not write them.
package final class FaultyFileSystem: @unchecked Sendable {
  // Sound because all that changes is touched under `lock` only.
  let lock = Mutex(())
  let root = FaultyDirectory()
  var faults = Faults()
  var chance: FaultChance
  var locks: Set<String> = []
  var usedBytes = 0
  private(set) var generation = 0
  var isDying = false
  var counts = Counts()
  var recent: [String] = []

  struct Counts {
    var calls = 0
    var faults = 0
    var digest: UInt64 = 0xCBF2_9CE4_8422_2325
  }

  static let recentMax = 40

  package init(seed: UInt64) { chance = FaultChance(seed: seed) }

  /// What goes wrong from now on.
  package func set(_ change: (inout Faults) -> Void) {
    lock.withLock { _ in change(&faults) }
  }

  /// Whether the process died in a call: all calls fail until `restart`.
  package var isDead: Bool { lock.withLock { _ in isDying } }

  /// Calls so far, and those of them that were made to fail.
  package var callCount: Int { lock.withLock { _ in counts.calls } }
  package var faultCount: Int { lock.withLock { _ in counts.faults } }

  /// A number made of all calls so far: equal runs have equal digests.
  package var digest: UInt64 { lock.withLock { _ in counts.digest } }

  /// The last calls, for the report of a failure.
  package var lastCalls: [String] { lock.withLock { _ in recent } }

  /// Bytes that all files take.
  package var takenBytes: Int { lock.withLock { _ in usedBytes } }

  /// A new process: all that was written is there, files that were open are not any more. No
  /// fault is planned any longer.
  package func restart(losingPower: Bool) {
    lock.withLock { _ in
      generation += 1
      isDying = false
      faults = Faults()
      locks.removeAll()
      guard losingPower else { return }
      root.losePower(&chance)
      // Links are counted anew, for some names are gone.
      root.forEachFile { $0.linkCount = 0 }
      usedBytes = 0
      root.forEachFile { file in
        if file.linkCount == 0 { usedBytes += file.blockBytes }
        file.linkCount += 1
      }
    }
  }
}
