/// `--enable-feature`: what is switched on, and what is said about the rest.
struct FeatureFlags: Sendable, Equatable {
  /// What Apus does with a feature's name.
  enum Effect: Sendable, Equatable {
    case works
    /// Always on, or done in another way: accepted with a warning.
    case noEffect(String)
    /// Not there yet: the server does not start, rather than ignore it.
    case refused(String)
  }

  /// Names that were given and work.
  private(set) var enabled: Set<String> = []
  /// Warnings to be logged at start: message and feature.
  private(set) var warnings: [(text: String, option: String)] = []

  /// - Throws: `FlagError` for a feature that Apus does not have yet.
  init(_ given: [String]) throws(FlagError) {
    for name in given.flatMap({ $0.split(separator: ",").map(String.init) }) {
      switch FeatureFlags.effects[name] {
      case .works: enabled.insert(name)
      case .noEffect(let why): warnings.append((why, name))
      case .refused(let why):
        throw FlagError(description: "--enable-feature=\(name) is not available: \(why)")
      case nil: warnings.append(("Unknown option for --enable-feature", name))
      }
    }
  }

  func has(_ name: String) -> Bool { enabled.contains(name) }

  static func == (a: FeatureFlags, b: FeatureFlags) -> Bool { a.enabled == b.enabled }

  private static let permanent =
    "This option for --enable-feature is now permanently enabled and therefore a no-op."

  static let effects: [String: Effect] = [
    "exemplar-storage": .works,
    "promql-experimental-functions": .works,
    "promql-extended-range-selectors": .works,
    "promql-binop-fill-modifiers": .works,
    "promql-delayed-name-removal": .works,
    "promql-per-step-stats": .works,
    "use-start-timestamps": .works,
    "type-and-unit-labels": .works,
    "auto-reload-config": .works,
    "extra-scrape-metrics": .works,
    "promql-duration-expr": .noEffect(permanent),
    "ooo-native-histograms": .noEffect(permanent),
    "native-histograms": .noEffect(
      "This option for --enable-feature is a no-op. Use scrape_native_histograms instead."),
    "concurrent-rule-eval": .noEffect(
      "Rule groups are evaluated side by side; rules of one group stay in order."),
    "memory-snapshot-on-shutdown": .noEffect(
      "The head image, which is written in any case, makes the next start as quick."),
    "created-timestamp-zero-ingestion": .refused("start timestamps are not stored"),
    "st-storage": .refused("start timestamps are not stored"),
    "st-synthesis": .refused("start timestamps are not stored"),
    "metadata-wal-records": .refused("metadata is kept in memory only"),
    "delayed-compaction": .refused("compaction is not delayed"),
    "otlp-deltatocumulative": .refused("only cumulative metrics are taken"),
    "otlp-native-delta-ingestion": .refused("only cumulative metrics are taken"),
    "use-uncached-io": .noEffect("Blocks are written in the usual way."),
    "xor2-encoding": .refused("float chunks are written as XOR"),
    "histograms-st-encoding": .refused("start timestamps are not stored"),
    "search-api": .refused("the search API is not there"),
    "fast-startup": .noEffect(
      "The head image, which is written in any case, makes the next start as quick."),
    "old-ui": .refused("there is one user interface"),
  ]
}
