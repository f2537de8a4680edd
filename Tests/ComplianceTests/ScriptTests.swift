import ApusPromQL
import ApusSystem
import ApusTelemetry
import ApusTesting
import Testing

/// Runs every script of testdata/promql, and Prometheus's own where they are at hand.
@Suite struct ScriptTests {
  private func runner(delaysNames: Bool) -> ScriptRunner {
    var options = EngineOptions.allFeatures
    options.typeAndUnitLabels = false
    options.delayedNameRemoval = delaysNames
    return ScriptRunner(
      engine: Engine(
        options: options, clock: SystemWallClock(),
        pool: WorkerPool(name: "scripts", threadCount: 1), metrics: MetricRegistry()))
  }

  @Test(
    arguments: TestPaths.scripts(in: TestPaths.packageRoot + "/testdata/promql"),
    [true, false])
  func `the project's own scripts pass whether names are dropped late or at once`(
    path: String, delaysNames: Bool
  ) throws {
    let outcomes = try run(path, delaysNames: delaysNames)
    #expect(!outcomes.isEmpty)
    for outcome in outcomes {
      #expect(
        outcome.passed,
        "\(path):\(outcome.line): \(outcome.expression): \(outcome.failure ?? "")")
    }
  }

  /// Raised as the engine learns; 1,427 is all.
  private static let passingMin = 1427

  @Test func `Prometheus's own scripts pass`() throws {
    guard let folder = TestPaths.shared("promqltest") else {
      print("skipped: Prometheus's scripts are not here (set APUS_SHARED to their parent)")
      return
    }
    var passed = 0
    var total = 0
    let shows = TestPaths.environment("APUS_SHOW_FAILURES") != nil
    for path in TestPaths.scripts(in: folder) {
      let outcomes = try run(path, delaysNames: true)
      let good = outcomes.count { $0.passed }
      passed += good
      total += outcomes.count
      print("\(TestPaths.name(path)): \(good) of \(outcomes.count)")
      for outcome in outcomes where shows && !outcome.passed {
        print("  \(outcome.line): \(outcome.expression): \(outcome.failure ?? "")")
      }
    }
    print("all scripts: \(passed) of \(total)")
    #expect(passed >= ScriptTests.passingMin, "\(passed) of \(total) evaluations pass")
  }

  private func run(
    _ path: String, delaysNames: Bool
  ) throws -> [ScriptRunner.Outcome] {
    let text = String(decoding: try PosixFileSystem().read(path), as: UTF8.self)
    return runner(delaysNames: delaysNames).run(try Script(text))
  }
}
