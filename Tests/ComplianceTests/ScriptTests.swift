import ApusPromQL
import ApusSystem
import ApusTelemetry
import ApusTesting
import Testing

/// Runs every script of testdata/promql, and Prometheus's own where they are at hand.
@Suite struct ScriptTests {
  private static let packageRoot = TestPaths.packageRoot
  private let runner: ScriptRunner

  init() {
    var options = EngineOptions.allFeatures
    options.typeAndUnitLabels = false
    runner = ScriptRunner(
      engine: Engine(
        options: options, clock: SystemWallClock(),
        pool: WorkerPool(name: "scripts", threadCount: 1), metrics: MetricRegistry()))
  }

  @Test(arguments: TestPaths.scripts(in: TestPaths.packageRoot + "/testdata/promql"))
  func `every evaluation of the project's own scripts is as expected`(path: String) throws {
    let outcomes = try run(path)
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
      let outcomes = try run(path)
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

  private func run(_ path: String) throws -> [ScriptRunner.Outcome] {
    let text = String(decoding: try PosixFileSystem().read(path), as: UTF8.self)
    return runner.run(try Script(text))
  }
}
