/// What a scraper says of itself and of what it understands, as Prometheus 3.x says it.
package enum AcceptHeader {
  /// One format in the `Accept` header.
  package struct Choice: Sendable {
    package let mediaType: String
    /// Whether the format has an `escaping` parameter: it is that new.
    package let hasEscaping: Bool

    package init(mediaType: String, hasEscaping: Bool) {
      self.mediaType = mediaType
      self.hasEscaping = hasEscaping
    }
  }

  package static let protobuf = Choice(
    mediaType: "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily"
      + ";encoding=delimited",
    hasEscaping: false)
  package static let text0 = Choice(mediaType: "text/plain;version=0.0.4", hasEscaping: false)
  package static let text1 = Choice(mediaType: "text/plain;version=1.0.0", hasEscaping: true)
  package static let openMetrics0 = Choice(
    mediaType: "application/openmetrics-text;version=0.0.1", hasEscaping: false)
  package static let openMetrics1 = Choice(
    mediaType: "application/openmetrics-text;version=1.0.0", hasEscaping: true)

  /// How many formats there are: weights begin above it, however many of them are asked for.
  private static let formatCount = 5

  /// The header's value: the choices by falling weight, then anything at all.
  /// - Parameter escaping: `allow-utf-8`, `underscores`, `dots` or `values`.
  package static func value(_ choices: [Choice], escaping: String) -> String {
    var weight = formatCount + 1
    var parts: [String] = []
    for choice in choices {
      let suffix = choice.hasEscaping ? ";escaping=\(escaping)" : ""
      parts.append("\(choice.mediaType)\(suffix);q=0.\(weight)")
      weight -= 1
    }
    parts.append("*/*;q=0.\(weight)")
    return parts.joined(separator: ",")
  }
}
