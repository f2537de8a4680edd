internal import ApusModel

/// A float as OpenMetrics wants it: like Go's `%g`, but never without a point or an exponent.
/// (Prometheus, model/labels.FormatOpenMetricsFloat)
package func openMetricsFloat(_ value: Double) -> String {
  let text = FloatText.g(value)
  guard value.isFinite, !text.utf8.contains(where: { $0 == 0x2E || $0 == 0x65 }) else {
    return text
  }
  return text + ".0"
}
