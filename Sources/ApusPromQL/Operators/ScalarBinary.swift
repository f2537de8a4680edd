internal import ApusModel
internal import ApusPromQLSyntax

/// A vector on one side and a scalar on the other.
final class ScalarBinary: Operator {
  private let inner: any Operator
  private let scalar: ScalarRow
  private let scalarIsLeft: Bool
  private let points: PointBinary

  init(
    _ inner: any Operator, _ scalar: ScalarRow, scalarIsLeft: Bool, _ points: PointBinary
  ) {
    self.inner = inner
    self.scalar = scalar
    self.scalarIsLeft = scalarIsLeft
    self.points = points
  }

  var labelsMayRepeat: Bool { inner.labelsMayRepeat }

  func next(_ block: inout SeriesBlock) throws(QueryError) -> Bool {
    while try inner.next(&block) {
      if block.hasHistograms || points.op == .trimLower || points.op == .trimUpper {
        changeAll(&block)
      } else if points.op.isComparison {
        compareFloats(&block)
      } else {
        computeFloats(&block)
      }
      if block.isEmpty { continue }
      if points.op.dropsName || points.returnsBool { points.query.dropName(&block) }
      return true
    }
    return false
  }

  /// Values of absent points are computed too: that is cheaper than asking.
  private func computeFloats(_ block: inout SeriesBlock) {
    let op = points.op
    for step in block.values.indices {
      let value = block.values[step]
      block.values[step] =
        scalarIsLeft
        ? ScalarArithmetic.apply(op, scalar[step], value)
        : ScalarArithmetic.apply(op, value, scalar[step])
    }
  }

  private func compareFloats(_ block: inout SeriesBlock) {
    for step in block.kinds.indices where block.kinds[step] == PointKind.float {
      let value = block.values[step]
      let result =
        scalarIsLeft
        ? points.floats(scalar[step], value, kept: value)
        : points.floats(value, scalar[step], kept: value)
      if let result { block.values[step] = result } else { block.remove(step) }
    }
  }

  private func changeAll(_ block: inout SeriesBlock) {
    for step in block.kinds.indices {
      guard let point = block.point(step) else { continue }
      let number = PointValue.float(scalar[step])
      let result =
        scalarIsLeft
        ? points.points(number, point, keepsRight: true)
        : points.points(point, number, keepsRight: false)
      if let result { block.set(step, result) } else { block.remove(step) }
    }
  }
}
