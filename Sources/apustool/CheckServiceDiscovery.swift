internal import ApusConfig
internal import ApusDiscovery
internal import ApusHTTP
internal import ApusModel
internal import ApusScrape
internal import ApusSystem
internal import ApusTelemetry
internal import ArgumentParser
internal import Foundation
internal import Synchronization

/// `check service-discovery <config-file> <job>`
struct CheckServiceDiscovery: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "service-discovery",
    abstract: """
      Perform service discovery for the given job name and report the results, including \
      relabeling.
      """)

  @OptionGroup var global: GlobalOptions

  @Option(help: "The time to wait for discovery results.") var timeout = "30s"

  @Argument(help: ArgumentHelp("The prometheus config file.", valueName: "config-file"))
  var configFile: String

  @Argument(help: "The job to run service discovery for.") var job: String

  func run() async throws {
    try ExistingFile.check([configFile])
    guard let timeoutMs = try? DurationText.parse(timeout) else {
      throw ValidationError("time: invalid duration \(GoQuote.quote(timeout))")
    }
    let files = PosixFileSystem()
    let config: Config
    do throws(ConfigErrors) {
      config = try ConfigLoader(
        files: files, environment: { ProcessInfo.processInfo.environment[$0] }
      ).load(path: configFile)
    } catch {
      throw CommandFailure("Cannot load config \(error.configText)")
    }
    guard let job = config.scrapeConfigs.first(where: { $0.jobName == self.job }) else {
      let names = config.scrapeConfigs.map { "\n\t\($0.jobName)" }.joined()
      throw CommandFailure("Job \(self.job) not found. Select one of:\(names)")
    }
    let groups = try await DiscoveryProbe(files: files, clock: Console.current.clock)
      .groups(of: job, waitingMs: timeoutMs)
    Output.text(DiscoveryReport.json(groups, job))
  }
}

/// Runs the discovery of one job for a while.
struct DiscoveryProbe {
  let files: any FileSystem
  let clock: any WallClock

  /// What is known when the time is up.
  func groups(of job: ScrapeConfig, waitingMs: Int64) async throws -> [TargetGroup] {
    let found = Found()
    let manager = DiscoveryManager(
      name: "scrape",
      doors: DiscoveryDoors(
        files: files, fetchers: PooledFetcherFactory(files: files), clock: clock,
        random: SystemRandomSource(), environment: ProcessEnvironment.value,
        userAgent: "apustool"),
      metrics: DiscoveryMetrics(MetricRegistry()), log: .none
    ) { groups in found.groups.withLock { $0 = groups[job.jobName] ?? [] } }
    await manager.apply([job.jobName: job.discovery])
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await manager.run() }
      try await clock.sleep(forMs: waitingMs)
      tasks.cancelAll()
      while let ended = await tasks.nextResult() { _ = ended }
    }
    return found.groups.withLock { $0 }
  }

  private final class Found: Sendable {
    let groups = Mutex<[TargetGroup]>([])
  }
}

/// What discovery found, before and after relabelling, as promtool's JSON.
enum DiscoveryReport {
  static func json(_ groups: [TargetGroup], _ job: ScrapeConfig) -> String {
    var items: [String] = []
    for group in groups {
      for own in group.targets {
        let item = item(own, group, job)
        if !items.contains(item) { items.append(item) }
      }
    }
    return items.isEmpty ? "[]" : "[\n" + items.joined(separator: ",\n") + "\n]"
  }

  private static func item(_ own: Labels, _ group: TargetGroup, _ job: ScrapeConfig) -> String {
    var fields: [String]
    switch TargetLabels.target(own, groupLabels: group.labels, job) {
    case .target(let target):
      fields = [
        field("discoveredLabels", target.discoveredLabels),
        field("labels", relabelled(target, job)),
      ]
    case .dropped(let discovered):
      fields = [field("discoveredLabels", discovered), field("labels", .empty)]
    case .invalid(let reason):
      fields = [
        field("discoveredLabels", own), field("labels", .empty),
        "    \"error\": \(JSONText.quoted(reason, escapesHTML: true))",
      ]
    }
    return "  {\n" + fields.joined(separator: ",\n") + "\n  }"
  }

  /// All labels after relabelling, those that a scrape alone needs among them.
  private static func relabelled(_ target: Target, _ job: ScrapeConfig) -> Labels {
    var builder = LabelsBuilder(target.discoveredLabels)
    _ = RelabelRule.apply(job.relabelRules, to: &builder)
    builder.keep { !$0.name.hasPrefix(LabelNames.metaPrefix) }
    for label in target.labels { builder.set(label.name, label.value) }
    return builder.labels()
  }

  private static func field(_ name: String, _ labels: Labels) -> String {
    let pairs = labels.map { label in
      "      \(JSONText.quoted(label.name, escapesHTML: true)): "
        + JSONText.quoted(label.value, escapesHTML: true)
    }
    if pairs.isEmpty { return "    \"\(name)\": {}" }
    return "    \"\(name)\": {\n" + pairs.joined(separator: ",\n") + "\n    }"
  }
}
