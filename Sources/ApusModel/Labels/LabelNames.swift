/// Names with a meaning, and which names are valid.
package enum LabelNames {
  package static let metricName = "__name__"
  package static let metricType = "__type__"
  package static let metricUnit = "__unit__"
  package static let job = "job"
  package static let instance = "instance"
  package static let alertName = "alertname"
  package static let bucket = "le"
  package static let quantile = "quantile"
  package static let address = "__address__"
  package static let scheme = "__scheme__"
  package static let metricsPath = "__metrics_path__"
  package static let scrapeInterval = "__scrape_interval__"
  package static let scrapeTimeout = "__scrape_timeout__"
  package static let scrapeNative = "__scrape_native_histograms__"
  package static let convertClassic = "__convert_classic_histograms_to_nhcb__"
  package static let alwaysClassic = "__always_scrape_classic_histograms__"
  package static let parameterPrefix = "__param_"
  package static let metaPrefix = "__meta_"
  package static let temporaryPrefix = "__tmp"
  package static let reservedPrefix = "__"
  package static let exportedPrefix = "exported_"

  /// `[a-zA-Z_][a-zA-Z0-9_]*`
  package static func isLegacyValid(_ name: String) -> Bool {
    isWord(name, alsoColon: false)
  }

  /// `[a-zA-Z_:][a-zA-Z0-9_:]*`
  package static func isLegacyValidMetricName(_ name: String) -> Bool {
    isWord(name, alsoColon: true)
  }

  /// Whether text is a valid name in the UTF-8 scheme: not empty. (A Swift string is always valid
  /// UTF-8; bytes are checked where they are decoded.)
  package static func isValid(_ name: String) -> Bool { !name.isEmpty }

  private static func isWord(_ name: String, alsoColon: Bool) -> Bool {
    var isFirst = true
    for byte in name.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "_"):
        break
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        if isFirst { return false }
      case UInt8(ascii: ":"):
        if !alsoColon { return false }
      default: return false
      }
      isFirst = false
    }
    return !isFirst
  }
}
