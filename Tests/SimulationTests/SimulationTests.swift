import ApusTesting
import Foundation
import Testing

/// The whole store on a simulated clock and a faulty file system, against a dictionary.
///
/// `APUS_SIM_FIRST` and `APUS_SIM_SEEDS` say which seeds: 1,000 from 1 on where they are not set.
/// A seed that fails is printed, and does the same again:
///
///     SWIFT_DETERMINISTIC_HASHING=1 APUS_SIM_FIRST=4711 APUS_SIM_SEEDS=1 \
///       swift test --filter SimulationTests
struct SimulationTests {
  private static let shardCount = 8

  private static func number(_ name: String, _ standard: Int) -> Int {
    ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? standard
  }

  @Test(arguments: 0..<shardCount)
  func `whatever happens, nothing is lost and every answer is right`(shard: Int) {
    let first = Self.number("APUS_SIM_FIRST", 1)
    let count = Self.number("APUS_SIM_SEEDS", 1000)
    var failed = 0
    for seed in stride(from: first + shard, to: first + count, by: Self.shardCount) {
      let simulation = Simulation(seed: UInt64(seed))
      do {
        try simulation.run()
      } catch {
        failed += 1
        let story = count == 1 ? "\n\(simulation.story)" : ""
        Issue.record("seed \(seed): \(error)\(story)")
        // Many failures of one kind tell no more than a few.
        if failed == 10 { return }
      }
    }
  }

  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func `a seed does the same each time`(seed: UInt64) throws {
    let first = Simulation(seed: seed)
    try first.run()
    let second = Simulation(seed: seed)
    try second.run()
    #expect(first.files.callCount == second.files.callCount)
    #expect(first.files.digest == second.files.digest)
  }
}
