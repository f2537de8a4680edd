import Testing

@testable import ApusServer

@Suite struct FeatureFlagsTests {
  @Test func `features are separated by commas and may be repeated`() throws {
    let flags = try FeatureFlags(["exemplar-storage,promql-per-step-stats", "extra-scrape-metrics"])
    #expect(flags.enabled.count == 3)
    #expect(flags.has("exemplar-storage"))
  }

  @Test func `an unknown feature is a warning, never a failure`() throws {
    let flags = try FeatureFlags(["expand-external-labels"])
    #expect(flags.warnings.map(\.text) == ["Unknown option for --enable-feature"])
    #expect(flags.enabled.isEmpty)
  }

  @Test func `every feature of the language works`() throws {
    let names = FeatureFlags.effects.keys.filter { $0.hasPrefix("promql-") }
    #expect(names.count == 6)
    let flags = try FeatureFlags(names + ["use-start-timestamps"])
    #expect(flags.has("use-start-timestamps"))
  }

  @Test func `a feature that is not there is refused rather than ignored`() {
    #expect(throws: FlagError.self) { try FeatureFlags(["st-storage"]) }
  }
}
