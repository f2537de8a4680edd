internal import ApusModel
internal import Foundation

/// The data of an API answer as Prometheus's client library prints it.
enum AnswerText {
  static func json(_ data: Any) throws -> String {
    let shown = (data as? [String: Any])?["result"] ?? data
    let bytes = try JSONSerialization.data(
      withJSONObject: shown, options: [.sortedKeys, .fragmentsAllowed, .withoutEscapingSlashes])
    return String(decoding: bytes, as: UTF8.self)
  }

  static func promql(_ data: Any) -> String {
    if let result = data as? [String: Any] { return query(result) }
    guard let list = data as? [Any] else { return "\(data)" }
    return list.map { item in
      (item as? [String: String]).map(labelSet) ?? "\(item)"
    }.joined(separator: "\n")
  }

  private static func query(_ data: [String: Any]) -> String {
    let result = data["result"]
    switch data["resultType"] as? String {
    case "scalar":
      let pair = result as? [Any] ?? []
      return "scalar: \(value(pair)) @[\(time(pair))]"
    case "string": return value(result as? [Any] ?? [])
    case "vector": return series(result).map(vectorLine).joined(separator: "\n")
    case "matrix":
      return series(result).map(matrixLines).sorted().joined(separator: "\n")
    default: return ""
    }
  }

  private static func series(_ result: Any?) -> [[String: Any]] {
    result as? [[String: Any]] ?? []
  }

  private static func vectorLine(_ series: [String: Any]) -> String {
    if let pair = series["histogram"] as? [Any] {
      return "\(name(of: series)) => \(histogram(pair)) @[\(time(pair))]"
    }
    let pair = series["value"] as? [Any] ?? []
    return "\(name(of: series)) => \(value(pair)) @[\(time(pair))]"
  }

  private static func matrixLines(_ series: [String: Any]) -> String {
    let floats = (series["values"] as? [[Any]] ?? []).map { "\(value($0)) @[\(time($0))]" }
    let histograms = (series["histograms"] as? [[Any]] ?? []).map {
      "\(histogram($0)) @[\(time($0))]"
    }
    return (["\(name(of: series)) =>"] + floats + histograms).joined(separator: "\n")
  }

  private static func value(_ pair: [Any]) -> String { pair.count > 1 ? "\(pair[1])" : "" }

  private static func time(_ pair: [Any]) -> String {
    guard let number = pair.first as? NSNumber else { return "" }
    return FloatText.f(number.doubleValue)
  }

  private static func histogram(_ pair: [Any]) -> String {
    guard pair.count > 1, let value = pair[1] as? [String: Any] else { return "" }
    let buckets = (value["buckets"] as? [[Any]] ?? []).map { bucket -> String in
      guard bucket.count == 4, let kind = bucket[0] as? NSNumber else { return "" }
      let isOpenLeft = kind.intValue == 0 || kind.intValue == 2
      let isOpenRight = kind.intValue == 1 || kind.intValue == 2
      return (isOpenLeft ? "(" : "[") + "\(bucket[1]),\(bucket[2])" + (isOpenRight ? ")" : "]")
        + ":\(bucket[3])"
    }
    return "Count: \(value["count"] ?? ""), Sum: \(value["sum"] ?? ""), Buckets: ["
      + buckets.joined(separator: " ") + "]"
  }

  private static func name(of series: [String: Any]) -> String {
    metric(series["metric"] as? [String: String] ?? [:])
  }

  /// `up{job="a"}`, or the name alone.
  static func metric(_ labels: [String: String]) -> String {
    var labels = labels
    let name = labels.removeValue(forKey: LabelNames.metricName) ?? ""
    if labels.isEmpty && !name.isEmpty { return name }
    return name + labelSet(labels)
  }

  /// `{a="b", c="d"}`
  static func labelSet(_ labels: [String: String]) -> String {
    let pairs = labels.sorted { $0.key < $1.key }
      .map { "\($0.key)=\(GoQuote.quote($0.value))" }
    return "{\(pairs.joined(separator: ", "))}"
  }
}
