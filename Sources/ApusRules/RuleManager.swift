internal import ApusModel
package import ApusSystem
internal import ApusTelemetry

/// Groups come and go on reload; one timer gives each its turn.
package actor RuleManager {
  /// How long a sleep lasts at most, so that a reload and the end of an evaluation are noticed.
  private static let sleepMsMax: Int64 = 250

  private let environment: RuleEnvironment
  private let workers: WorkerPool
  private var context: RuleContext?
  private var scheduled: [Scheduled] = []
  /// Positions in `scheduled` of the groups that wait for their turn.
  private var due = DueQueue()
  private var positions: [ObjectIdentifier: Int] = [:]
  private var ending: [Ending] = []
  private var wasLoaded = false

  /// A group and its turns.
  private struct Scheduled {
    let group: RuleGroup
    let schedule: GroupSchedule
    /// The last turn taken; before the first one, the turn that is one interval earlier.
    var lastMs: Int64
    var turns = 0
    var isBusy = false
    var mustRestore: Bool

    var dueMs: Int64 { lastMs + schedule.intervalMs }
  }

  /// Series of a group that is gone: ended two intervals later, unless another rule took them.
  private struct Ending {
    let dueMs: Int64
    let timeMs: Int64
    let series: [Labels]
  }

  package init(environment: RuleEnvironment, workers: WorkerPool) {
    self.environment = environment
    self.workers = workers
  }

  /// Takes new groups in place of the old ones. A group that has not changed goes on untouched.
  package func apply(_ groups: [RuleGroupDefinition], context: RuleContext) {
    self.context = context
    let nowMs = environment.clock.nowMs
    var old = Dictionary(scheduled.map { ($0.group.definition.key, $0) }) { first, _ in first }
    scheduled = groups.map { definition in
      let before = old.removeValue(forKey: definition.key)
      if let before, before.group.definition == definition { return before }
      let group = RuleGroup(definition, isRestored: wasLoaded)
      if let before { group.adopt(before.group) }
      environment.metrics.announce(definition)
      let schedule = definition.schedule
      return Scheduled(
        group: group, schedule: schedule,
        lastMs: schedule.first(afterMs: nowMs) - definition.intervalMs,
        mustRestore: !wasLoaded)
    }
    for gone in old.values {
      environment.metrics.forget(gone.group.definition.key)
      ending.append(
        Ending(
          dueMs: nowMs + 2 * gone.group.definition.intervalMs, timeMs: nowMs,
          series: gone.group.writtenSeries))
    }
    wasLoaded = true
    enqueueAll()
  }

  private func enqueueAll() {
    due = DueQueue()
    positions = [:]
    for (position, group) in scheduled.enumerated() {
      positions[ObjectIdentifier(group.group)] = position
      if !group.isBusy { due.add(position, dueMs: group.dueMs) }
    }
  }

  package var status: [RuleGroupStatus] { scheduled.map(\.group.status) }

  /// Gives every group its turns until cancelled.
  package func run() async throws {
    try await withThrowingDiscardingTaskGroup { tasks in
      while true {
        let nowMs = environment.clock.nowMs
        for turn in dueTurns(nowMs) {
          tasks.addTask { await self.take(turn) }
        }
        await endSeries(nowMs)
        let wakeMs = min(due.nextMs ?? .max, nowMs + RuleManager.sleepMsMax)
        try await environment.clock.sleep(untilMs: max(wakeMs, nowMs + 1))
      }
    }
  }

  private struct Turn: Sendable {
    let group: RuleGroup
    let context: RuleContext
    let timeMs: Int64
    /// The `for` states are looked up after the second evaluation: at the first one there may be
    /// too little scraped yet.
    let restores: Bool
  }

  private func dueTurns(_ nowMs: Int64) -> [Turn] {
    guard let context else { return [] }
    var turns: [Turn] = []
    while let i = due.pop(dueBy: nowMs)?.id {
      guard let next = scheduled[i].schedule.next(afterMs: scheduled[i].lastMs, nowMs: nowMs)
      else { continue }
      let key = scheduled[i].group.definition.key
      if next.missed > 0, scheduled[i].turns > 0 {
        environment.metrics.missed.child([key]).increment(by: Double(next.missed))
        environment.metrics.scheduled.child([key]).increment(by: Double(next.missed))
      }
      scheduled[i].lastMs = next.timeMs
      scheduled[i].turns += 1
      scheduled[i].isBusy = true
      let restores = scheduled[i].mustRestore && scheduled[i].turns == 2
      if restores { scheduled[i].mustRestore = false }
      turns.append(
        Turn(
          group: scheduled[i].group, context: context, timeMs: next.timeMs, restores: restores))
    }
    return turns
  }

  private func take(_ turn: Turn) async {
    let environment = environment
    await workers.run {
      GroupEvaluation(
        group: turn.group, context: turn.context, environment: environment, timeMs: turn.timeMs
      ).run()
      if turn.restores {
        GroupRestore(group: turn.group, environment: environment).run()
      }
    }
    // A reload may have moved the group meanwhile, or taken it away.
    guard let position = positions[ObjectIdentifier(turn.group)] else { return }
    scheduled[position].isBusy = false
    due.add(position, dueMs: scheduled[position].dueMs)
  }

  private func endSeries(_ nowMs: Int64) async {
    let due = ending.filter { $0.dueMs <= nowMs }
    guard !due.isEmpty else { return }
    ending.removeAll { $0.dueMs <= nowMs }
    let writer = RuleWriter(appender: environment.appender, known: [:])
    for end in due {
      await workers.run {
        _ = writer.write([], ending: end.series, atMs: end.timeMs)
      }
    }
  }
}
