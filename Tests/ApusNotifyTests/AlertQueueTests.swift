import Testing

import ApusModel
import ApusNotify

struct AlertQueueTests {
  @Test func `alerts come out in order and in batches`() {
    var queue = AlertQueue(capacity: 10)
    #expect(queue.append((0..<5).map { alert("\($0)") }).count == 0)
    #expect(queue.take(max: 2).map { $0.labels.value(of: "alertname") } == ["0", "1"])
    #expect(queue.append([alert("5")]).count == 0)
    #expect(queue.count == 4)
    #expect(
      queue.take(max: 256).map { $0.labels.value(of: "alertname") } == ["2", "3", "4", "5"])
    #expect(queue.take(max: 256).isEmpty)
  }

  @Test func `a full queue drops the oldest`() {
    var queue = AlertQueue(capacity: 3)
    _ = queue.append((0..<3).map { alert("\($0)") })
    _ = queue.take(max: 1)
    let dropped = queue.append([alert("3"), alert("4")])
    #expect(dropped == AlertQueue.Dropped(fromBatch: 0, fromQueue: 1))
    #expect(queue.take(max: 9).map { $0.labels.value(of: "alertname") } == ["2", "3", "4"])
  }

  @Test func `of a batch larger than the queue the last alerts stay`() {
    var queue = AlertQueue(capacity: 2)
    _ = queue.append([alert("x")])
    let dropped = queue.append((0..<5).map { alert("\($0)") })
    #expect(dropped == AlertQueue.Dropped(fromBatch: 3, fromQueue: 1))
    #expect(queue.take(max: 9).map { $0.labels.value(of: "alertname") } == ["3", "4"])
  }

  @Test func `a queue of exactly its capacity drops nothing`() {
    var queue = AlertQueue(capacity: 2)
    #expect(queue.append([alert("a"), alert("b")]).count == 0)
    #expect(queue.count == 2)
  }
}
