internal import ApusConfig
internal import ApusModel

/// What a job does to the samples of a target. A cache of resolved series is good for as long as
/// its rules are.
struct SampleRules: Sendable {
  /// The labels of the target that its series get.
  let targetLabels: Labels
  let honorsLabels: Bool
  let honorsTimestamps: Bool
  let tracksTimestampsStaleness: Bool
  let relabelRules: [RelabelRule]
  let validation: NameValidation
  let limits: ScrapeLimits
  /// 0 for none.
  let sampleLimit: Int
  let histograms: HistogramRules
  /// Whether series get the type and unit of their family as labels.
  let addsTypeAndUnit: Bool

  /// - Parameter histograms: the job's choices about histograms, or the target's own.
  init(
    _ config: ScrapeConfig, targetLabels: Labels, histograms: ScrapeHistogramConfig? = nil,
    addsTypeAndUnit: Bool = false
  ) {
    self.targetLabels = targetLabels
    self.addsTypeAndUnit = addsTypeAndUnit
    self.histograms = HistogramRules(histograms ?? config.histograms, config.limits)
    honorsLabels = config.honorsLabels
    honorsTimestamps = config.honorsTimestamps
    tracksTimestampsStaleness = config.tracksTimestampsStaleness
    relabelRules = config.metricRelabelRules
    validation = config.nameValidation
    limits = config.limits
    sampleLimit = config.limits.samples
  }

  /// What a series is exposed with, as far as its family is part of it.
  func exposed(_ labels: Labels, _ kind: MetricMetadata.Kind, unit: String) -> Labels {
    addsTypeAndUnit ? labels.withTypeAndUnit(kind, unit: unit) : labels
  }

  /// The labels under which an exposed series is stored; nil where relabelling drops it.
  /// - Parameter emptied: labels that the series is exposed with and that are empty.
  func stored(_ exposed: Labels, emptied: [String]) throws(ScrapeFailure) -> Labels? {
    var builder = LabelsBuilder(exposed)
    addTargetLabels(exposed, emptied, &builder)
    guard RelabelRule.apply(relabelRules, to: &builder) else { return nil }
    let labels = builder.labels()
    if labels.isEmpty { return nil }
    try check(labels)
    return labels
  }

  private func addTargetLabels(
    _ exposed: Labels, _ emptied: [String], _ builder: inout LabelsBuilder
  ) {
    var displaced: [Label] = []
    for label in targetLabels {
      let old = exposed.value(of: label.name)
      if honorsLabels, exposed.has(label.name) || emptied.contains(label.name) { continue }
      if !old.isEmpty { displaced.append(Label(label.name, old)) }
      builder.set(label.name, label.value)
    }
    // Shorter names first, so that `exported_x` does not take the place that `x` will need.
    displaced.sort { $0.name.utf8.count < $1.name.utf8.count }
    for label in displaced {
      var name = LabelNames.exportedPrefix + label.name
      while !builder[name].isEmpty { name = LabelNames.exportedPrefix + name }
      builder.set(name, label.value)
    }
  }

  private func check(_ labels: Labels) throws(ScrapeFailure) {
    guard labels.has(LabelNames.metricName) else {
      throw ScrapeFailure("missing metric name (__name__ label)")
    }
    if validation == .legacy {
      let isValid = labels.allSatisfy { label in
        label.name == LabelNames.metricName
          ? LabelNames.isLegacyValidMetricName(label.value) : LabelNames.isLegacyValid(label.name)
      }
      guard isValid else {
        throw ScrapeFailure("invalid metric name or label names: \(labels)")
      }
    }
    try checkLimits(labels)
  }

  private func checkLimits(_ labels: Labels) throws(ScrapeFailure) {
    guard limits.labels > 0 || limits.labelNameBytes > 0 || limits.labelValueBytes > 0 else {
      return
    }
    let metric = labels.metricName.prefix(50)
    if limits.labels > 0, labels.count > limits.labels {
      throw ScrapeFailure(
        "label_limit exceeded (metric: \(metric), number of labels: \(labels.count), "
          + "limit: \(limits.labels))", isLabelLimit: true)
    }
    for label in labels {
      let name = label.name.utf8.count
      if limits.labelNameBytes > 0, name > limits.labelNameBytes {
        throw ScrapeFailure(
          "label_name_length_limit exceeded (metric: \(metric), label name: "
            + "\(label.name.prefix(50)), length: \(name), limit: \(limits.labelNameBytes))",
          isLabelLimit: true)
      }
      let value = label.value.utf8.count
      if limits.labelValueBytes > 0, value > limits.labelValueBytes {
        throw ScrapeFailure(
          "label_value_length_limit exceeded (metric: \(metric), label name: "
            + "\(label.name.prefix(50)), value: \(GoQuote.quote(String(label.value.prefix(50)))), "
            + "length: \(value), limit: \(limits.labelValueBytes))", isLabelLimit: true)
      }
    }
  }
}

/// Why a scrape brought nothing; the text stands on the targets page.
struct ScrapeFailure: Error, Sendable, Equatable {
  let text: String
  var isLabelLimit = false
  var isSampleLimit = false
  var isBodyLimit = false
  var isBucketLimit = false
  /// What was read until it failed.
  var counts = ScrapeBatch.Counts()

  init(
    _ text: String, isLabelLimit: Bool = false, isSampleLimit: Bool = false,
    isBodyLimit: Bool = false, isBucketLimit: Bool = false
  ) {
    self.text = text
    self.isLabelLimit = isLabelLimit
    self.isSampleLimit = isSampleLimit
    self.isBodyLimit = isBodyLimit
    self.isBucketLimit = isBucketLimit
  }
}
