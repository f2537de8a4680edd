internal import ApusModel
internal import ApusTelemetry

struct AlertExpander {
  let name: String
  let labels: Labels
  let value: Double
  let context: RuleContext
  let timeMs: Int64
  let log: Log
  func expand(_ text: String) -> String { text }

  static func problem(in text: String, alert: String) -> String? { nil }
}
