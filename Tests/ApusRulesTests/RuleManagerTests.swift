import ApusModel
import ApusPromQL
import ApusSystem
import ApusTelemetry
import ApusTesting
import Testing

@testable import ApusRules

@Suite struct RuleManagerTests {
  private struct Asked: Sendable {
    let expression: String
    let timeMs: Int64
  }

  private let registry = MetricRegistry()

  private func group(_ name: String, intervalMs: Int64) -> RuleGroupDefinition {
    RuleGroupDefinition(
      name: name, file: "f", intervalMs: intervalMs, queryOffsetMs: nil, limit: 0,
      rules: [RuleDefinition(name: "r", expression: name, labels: [], kind: .recording)])
  }

  private func manager(_ clock: any WallClock) -> RuleManager {
    let store = RecordingStore()
    return RuleManager(
      environment: RuleEnvironment(
        appender: store, store: store, alerts: RecordingSink(), clock: clock, log: .none,
        metrics: RuleMetrics(registry)),
      workers: WorkerPool(name: "rule", threadCount: 1))
  }

  private func context(_ asked: AsyncStream<Asked>.Continuation) -> RuleContext {
    RuleContext(externalLabels: [:], externalURL: "", queryOffsetMs: 0) {
      expression, timeMs throws(RuleError) in
      asked.yield(Asked(expression: expression, timeMs: timeMs))
      return []
    }
  }

  @Test func `every group gets its turns, at multiples of its interval`() async throws {
    let clock = JumpingClock()
    let manager = manager(clock)
    let (stream, continuation) = AsyncStream<Asked>.makeStream()
    let groups = [group("fast", intervalMs: 1_000), group("slow", intervalMs: 60_000)]
    await manager.apply(groups, context: context(continuation))
    let asked = try await running {
      try await manager.run()
    } _: {
      var asked: [Asked] = []
      for await one in stream {
        asked.append(one)
        if asked.count(where: { $0.expression == "slow" }) == 2 { break }
      }
      return asked
    }
    for group in groups {
      let times = asked.filter { $0.expression == group.name }.map(\.timeMs)
      let schedule = group.schedule
      #expect(times.allSatisfy { ($0 - schedule.offsetMs) % group.intervalMs == 0 })
      #expect(zip(times, times.dropFirst()).allSatisfy { $0 < $1 })
      #expect(times.count >= 2)
    }
  }

  @Test func `a group that comes by a reload gets its turns, one that goes gets none`()
    async throws
  {
    let manager = manager(JumpingClock())
    let (stream, continuation) = AsyncStream<Asked>.makeStream()
    let context = context(continuation)
    await manager.apply([group("old", intervalMs: 1_000)], context: context)
    try await running {
      try await manager.run()
    } _: { [self] in
      var iterator = stream.makeAsyncIterator()
      #expect(await iterator.next()?.expression == "old")
      await manager.apply([group("new", intervalMs: 1_000)], context: context)
      while let next = await iterator.next(), next.expression == "old" {}
      for _ in 0..<5 { #expect(await iterator.next()?.expression == "new") }
    }
    #expect(await manager.status.map(\.name) == ["new"])
  }
}
