internal import ApusSystem

/// The thread that puts half of the samples of a log into the head, beside the one that makes the
/// series and puts the others. Used by that one only.
final class ReplayPartner: @unchecked Sendable {
  // Sound because `share` belongs to the thread while there is work, and to the caller afterwards:
  // it changes hands through the queues.

  private enum Work {
    case piece(ReplayPiece)
    case pause
  }

  private let work = Handoff<Work>(capacity: 64)
  private let pauses = Handoff<Bool>(capacity: 1)
  private let thread = BlockingThread(name: "apus-replay-2")
  private let slots: SlotArena
  private var share: ReplayShare
  /// Whether there may be work that is not done.
  private(set) var isBusy = false

  /// Starts the thread. `end` must be called.
  init(_ head: Head) {
    slots = head.columns.slots.branch()
    share = ReplayShare(head, branch: slots)
    thread.start { self.run() }
  }

  private func run() {
    while let next = work.take() {
      switch next {
      case .piece(let piece):
        share.add(piece, .second)
        piece.batch.release()
      case .pause: pauses.put(true)
      }
    }
  }

  /// Puts the second part of a piece, at some time before `wait` returns.
  func add(_ piece: ReplayPiece) {
    isBusy = true
    piece.batch.retain()
    work.put(.piece(piece))
  }

  /// Returns when all is done that was given to it: what was done since the last time.
  func wait() -> ReplayTally {
    work.put(.pause)
    _ = pauses.take()
    isBusy = false
    return share.takeTally()
  }

  /// Ends the thread, which has nothing to do, and gives back the memory that it did not use.
  func end(_ head: Head) {
    work.close()
    head.columns.slots.merge(slots)
  }
}
