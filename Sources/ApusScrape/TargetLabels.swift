package import ApusConfig
package import ApusModel

/// Labels of discovered groups to targets: defaults, relabelling, checks.
package enum TargetLabels {
  package enum Result: Sendable, Equatable {
    case target(Target)
    /// Relabelling dropped it; with its labels as discovered.
    case dropped(Labels)
    /// It cannot be scraped, with the reason in Prometheus's words.
    case invalid(String)
  }

  /// What becomes of each address of a group.
  package static func targets(of group: TargetGroup, _ config: ScrapeConfig) -> [Result] {
    group.targets.enumerated().map { number, own in
      let result = target(own, groupLabels: group.labels, config)
      guard case .invalid(let reason) = result else { return result }
      return .invalid("instance \(number) in group \(group.source): \(reason)")
    }
  }

  /// What becomes of one address.
  package static func target(
    _ own: Labels, groupLabels: Labels, _ config: ScrapeConfig
  ) -> Result {
    let discovered = withDefaults(own, groupLabels, config)
    var builder = LabelsBuilder(discovered)
    guard RelabelRule.apply(config.relabelRules, to: &builder), !builder.isEmpty else {
      return .dropped(discovered)
    }
    let address = builder[LabelNames.address]
    if address.isEmpty { return .invalid("no address") }
    if address.utf8.contains(UInt8(ascii: "/")) {
      return .invalid("\(GoQuote.quote(address)) is not a valid hostname")
    }
    let intervalMs: Int64
    let timeoutMs: Int64
    var histograms = config.histograms
    do throws(ScrapeFailure) {
      try override(&histograms.scrapesNative, LabelNames.scrapeNative, builder)
      try override(&histograms.convertsClassic, LabelNames.convertClassic, builder)
      try override(&histograms.alwaysScrapesClassic, LabelNames.alwaysClassic, builder)
      intervalMs = try duration(builder[LabelNames.scrapeInterval], "interval")
      timeoutMs = try duration(builder[LabelNames.scrapeTimeout], "timeout")
    } catch {
      return .invalid(error.text)
    }
    if timeoutMs > intervalMs {
      let timeout = GoQuote.quote(builder[LabelNames.scrapeTimeout])
      let interval = GoQuote.quote(builder[LabelNames.scrapeInterval])
      return .invalid(
        "scrape timeout cannot be greater than scrape interval (\(timeout) > \(interval))")
    }
    builder.keep { !$0.name.hasPrefix(LabelNames.metaPrefix) }
    if builder[LabelNames.instance].isEmpty { builder.set(LabelNames.instance, address) }
    let all = builder.labels()
    builder.keep { !$0.name.hasPrefix(LabelNames.reservedPrefix) }
    return .target(
      Target(
        labels: builder.labels(), discoveredLabels: discovered,
        url: TargetURL.text(all, parameters: config.parameters), intervalMs: intervalMs,
        timeoutMs: timeoutMs, identity: all, histograms: histograms))
  }

  /// The labels that relabelling starts from.
  private static func withDefaults(
    _ own: Labels, _ groupLabels: Labels, _ config: ScrapeConfig
  ) -> Labels {
    var builder = LabelsBuilder(own)
    for label in groupLabels where !own.has(label.name) { builder.set(label.name, label.value) }
    let defaults = [
      (LabelNames.job, config.jobName),
      (LabelNames.scrapeInterval, DurationText.text(ms: config.intervalMs)),
      (LabelNames.scrapeTimeout, DurationText.text(ms: config.timeoutMs)),
      (LabelNames.metricsPath, config.metricsPath),
      (LabelNames.scheme, config.scheme),
    ]
    for (name, value) in defaults where builder[name].isEmpty { builder.set(name, value) }
    for parameter in config.parameters {
      guard let value = parameter.values.first else { continue }
      let name = LabelNames.parameterPrefix + parameter.name
      if builder[name].isEmpty { builder.set(name, value) }
    }
    return builder.labels()
  }

  /// A choice that relabelling may make for one target.
  private static func override(
    _ choice: inout Bool, _ label: String, _ builder: LabelsBuilder
  ) throws(ScrapeFailure) {
    let text = builder[label]
    if text.isEmpty { return }
    guard let value = GoBool.parse(text) else {
      throw ScrapeFailure("error parsing \(label): \(GoBool.problem(text))")
    }
    choice = value
  }

  private static func duration(_ text: String, _ what: String) throws(ScrapeFailure) -> Int64 {
    let ms: Int64
    do throws(DurationText.Failure) {
      ms = try DurationText.parse(text)
    } catch {
      throw ScrapeFailure("error parsing scrape \(what): \(error)")
    }
    if ms == 0 { throw ScrapeFailure("scrape \(what) cannot be 0") }
    return ms
  }
}
