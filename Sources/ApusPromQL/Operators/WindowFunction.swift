internal import ApusModel

/// A function over windows, series by series.
final class WindowFunction: Operator {
  private let source: any WindowSource
  private let call: WindowCall
  private var series = WindowSeries()

  init(_ source: any WindowSource, _ call: WindowCall) {
    self.source = source
    self.call = call
  }

  var labelsMayRepeat: Bool { false }

  func next(_ block: inout SeriesBlock) throws(QueryError) -> Bool {
    while try source.next(&series) {
      block.clear(count: call.stepCount)
      do throws(QueryError) {
        try WindowKernels.fill(&block, series, call)
      } catch {
        if case .execution = error { while try source.next(&series) {} }
        throw error
      }
      let count = block.pointCount
      if count == 0 { continue }
      call.query.countSelected(count)
      block.labels = series.labels
      block.dropsName = series.dropsName
      informNonCounter(block)
      if !call.function.keepsName { call.query.dropName(&block) }
      return true
    }
    return false
  }

  /// Rates of what does not look like a counter deserve a note.
  private func informNonCounter(_ block: SeriesBlock) {
    guard call.function == .rate || call.function == .increase else { return }
    let name = block.labels.metricName
    guard !name.isEmpty, block.kinds.contains(PointKind.float) else { return }
    if call.query.options.typeAndUnitLabels {
      let type = block.labels.value(of: LabelNames.metricType)
      if type != "counter" && type != "histogram" {
        call.query.inform(
          "metric might not be a counter, __type__ label is not set to \"counter\" or "
            + "\"histogram\", got \(GoQuote.quote(type)): \(GoQuote.quote(name))", call.position)
      }
    } else if !["_total", "_sum", "_count", "_bucket"].contains(where: name.hasSuffix) {
      call.query.inform(
        "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "
          + GoQuote.quote(name), call.position)
    }
  }
}
