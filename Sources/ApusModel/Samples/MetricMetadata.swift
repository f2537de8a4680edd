/// What a metric family says about itself.
package struct MetricMetadata: Sendable, Hashable {
  /// Raw values are the words of the exposition formats and of the HTTP API.
  package enum Kind: String, Sendable, CaseIterable {
    case unknown
    case counter
    case gauge
    case histogram
    case gaugeHistogram = "gaugehistogram"
    case summary
    case info
    case stateSet = "stateset"
  }

  package var kind: Kind
  package var unit: String
  package var help: String

  package init(kind: Kind = .unknown, unit: String = "", help: String = "") {
    self.kind = kind
    self.unit = unit
    self.help = help
  }
}
