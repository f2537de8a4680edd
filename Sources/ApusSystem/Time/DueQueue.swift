/// What is due when: a binary heap, so that one timer serves many targets or groups of
/// rules, and finding the next does not look at all of them.
package struct DueQueue {
  package struct Entry: Equatable {
    package let dueMs: Int64
    package let id: Int
  }

  private var heap: [Entry] = []

  package init() {}

  package var nextMs: Int64? { heap.first?.dueMs }
  package var count: Int { heap.count }

  package mutating func add(_ id: Int, dueMs: Int64) {
    heap.append(Entry(dueMs: dueMs, id: id))
    var i = heap.count - 1
    while i > 0, isBefore(heap[i], heap[(i - 1) / 2]) {
      heap.swapAt(i, (i - 1) / 2)
      i = (i - 1) / 2
    }
  }

  /// Takes the first entry out if it is due.
  package mutating func pop(dueBy nowMs: Int64) -> Entry? {
    guard let first = heap.first, first.dueMs <= nowMs else { return nil }
    let last = heap.removeLast()
    guard !heap.isEmpty else { return first }
    heap[0] = last
    sink()
    return first
  }

  private mutating func sink() {
    var i = 0
    while true {
      var smallest = i
      for child in [2 * i + 1, 2 * i + 2]
      where child < heap.count && isBefore(heap[child], heap[smallest]) {
        smallest = child
      }
      if smallest == i { return }
      heap.swapAt(i, smallest)
      i = smallest
    }
  }

  private func isBefore(_ a: Entry, _ b: Entry) -> Bool {
    a.dueMs != b.dueMs ? a.dueMs < b.dueMs : a.id < b.id
  }
}
