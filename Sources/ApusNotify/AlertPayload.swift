package import ApusModel
internal import ApusSystem

/// Alerts as Alertmanager's API v2 takes them:
///
///     [{"annotations":{..},"endsAt":"2026-11-21T01:07:52.184Z","startsAt":"..",
///       "generatorURL":"..","labels":{..}},..]
package enum AlertPayload {
  package static func json(_ alerts: [Alert]) -> [UInt8] {
    var writer = Writer()
    writer.byte("[")
    for (i, alert) in alerts.enumerated() {
      if i > 0 { writer.byte(",") }
      writer.alert(alert)
    }
    writer.byte("]")
    return writer.bytes
  }

  private struct Writer {
    private(set) var bytes: [UInt8] = []

    mutating func byte(_ character: Unicode.Scalar) { bytes.append(UInt8(ascii: character)) }

    mutating func alert(_ alert: Alert) {
      if !alert.annotations.isEmpty {
        key("annotations", opening: "{")
        labels(alert.annotations)
      }
      key("endsAt", opening: alert.annotations.isEmpty ? "{" : ",")
      string(CivilTime(ms: alert.endsAtMs).rfc3339Milliseconds)
      key("startsAt", opening: ",")
      string(CivilTime(ms: alert.startsAtMs).rfc3339Milliseconds)
      if !alert.generatorURL.isEmpty {
        key("generatorURL", opening: ",")
        string(alert.generatorURL)
      }
      key("labels", opening: ",")
      labels(alert.labels)
      byte("}")
    }

    private mutating func key(_ name: String, opening: Unicode.Scalar) {
      byte(opening)
      string(name)
      byte(":")
    }

    private mutating func labels(_ labels: Labels) {
      byte("{")
      var isFirst = true
      for label in labels {
        if !isFirst { byte(",") }
        isFirst = false
        string(label.name)
        byte(":")
        string(label.value)
      }
      byte("}")
    }

    private mutating func string(_ text: String) {
      bytes += Array(JSONText.quoted(text, escapesHTML: true).utf8)
    }
  }
}
