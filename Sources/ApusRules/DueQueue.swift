/// Slots and when each is due, the earliest first: a binary heap, so that finding who is next does
/// not look at everyone.
struct DueQueue {
  struct Entry: Equatable {
    let dueMs: Int64
    let slot: Int
  }

  /// The parent of entry i is entry (i - 1) / 2, and never due later.
  private(set) var heap: [Entry] = []

  /// When the next slot is due; nil if none waits.
  var nextMs: Int64? { heap.first?.dueMs }

  mutating func push(_ slot: Int, dueMs: Int64) {
    var at = heap.count
    heap.append(Entry(dueMs: dueMs, slot: slot))
    while at > 0, isBefore(at, (at - 1) / 2) {
      heap.swapAt(at, (at - 1) / 2)
      at = (at - 1) / 2
    }
  }

  /// Takes out the slot that is due first, if its time has come; of equal ones the lower.
  mutating func popDue(atMs nowMs: Int64) -> Int? {
    guard let first = heap.first, first.dueMs <= nowMs else { return nil }
    let last = heap.removeLast()
    if heap.isEmpty { return first.slot }
    heap[0] = last
    var at = 0
    while true {
      let (left, right) = (2 * at + 1, 2 * at + 2)
      var least = at
      if left < heap.count, isBefore(left, least) { least = left }
      if right < heap.count, isBefore(right, least) { least = right }
      if least == at { return first.slot }
      heap.swapAt(at, least)
      at = least
    }
  }

  private func isBefore(_ a: Int, _ b: Int) -> Bool {
    (heap[a].dueMs, heap[a].slot) < (heap[b].dueMs, heap[b].slot)
  }
}
