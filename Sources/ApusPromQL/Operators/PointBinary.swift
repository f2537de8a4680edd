internal import ApusModel
internal import ApusPromQLSyntax

/// A binary operator on two points.
///
/// Source: Prometheus, promql/engine.go, vectorElemBinop.
struct PointBinary {
  let op: BinaryOperator
  let returnsBool: Bool
  let position: SourceRange
  let query: Query

  /// What comes of two floats; nil where a comparison filters it away.
  @inline(__always)
  func floats(_ a: Double, _ b: Double, kept: Double) -> Double? {
    if op.isComparison {
      let holds = ScalarArithmetic.apply(op, a, b) != 0
      if returnsBool { return holds ? 1 : 0 }
      return holds ? kept : nil
    }
    return ScalarArithmetic.apply(op, a, b)
  }

  /// What comes of two points.
  /// - Parameter keepsRight: a comparison that filters keeps the right point.
  func points(_ a: PointValue, _ b: PointValue, keepsRight: Bool) -> PointValue? {
    switch (a, b) {
    case (.float(let x), .float(let y)):
      if op == .trimUpper || op == .trimLower { return incompatible("float", "float") }
      return floats(x, y, kept: keepsRight ? y : x).map { .float($0) }
    case (.histogram(let x), .float(let y)): return histogramFloat(x, y)
    case (.float(let x), .histogram(let y)):
      guard op == .multiply else { return incompatible("float", "histogram") }
      return histogramFloat(y, x)
    case (.histogram(let x), .histogram(let y)): return histograms(x, y)
    }
  }

  private func histogramFloat(_ histogram: FloatHistogram, _ value: Double) -> PointValue? {
    var result = histogram
    switch op {
    case .multiply: result.multiply(by: value)
    case .divide: result.divide(by: value)
    case .trimUpper: return .histogram(HistogramTrim.trimmed(histogram, upper: value))
    case .trimLower: return .histogram(HistogramTrim.trimmed(histogram, lower: value))
    default: return incompatible("histogram", "float")
    }
    result.compact()
    return .histogram(result)
  }

  private func histograms(_ a: FloatHistogram, _ b: FloatHistogram) -> PointValue? {
    switch op {
    case .add, .subtract: return joined(a, b)
    case .equal, .notEqual:
      let holds = a.compacted.equals(b.compacted) == (op == .equal)
      if returnsBool { return .float(holds ? 1 : 0) }
      return holds ? .histogram(a) : nil
    default: return incompatible("histogram", "histogram")
    }
  }

  private func joined(_ a: FloatHistogram, _ b: FloatHistogram) -> PointValue? {
    let name = op == .add ? "addition" : "subtraction"
    var result = a
    do throws(FloatHistogram.IncompatibleSchemas) {
      let notes = op == .add ? try result.add(b) : try result.subtract(b)
      if notes.hasResetCollision {
        query.warn("conflicting counter resets during histogram \(name)", position)
      }
      if notes.hasReconciledBounds {
        query.inform("mismatched custom buckets were reconciled during \(name)", position)
      }
    } catch {
      query.warn(
        "incompatible bucket layout encountered for binary operator \(op.rawValue)", position)
      return nil
    }
    if op == .subtract { result.resetHint = .gauge }
    result.compact()
    return .histogram(result)
  }

  private func incompatible(_ left: String, _ right: String) -> PointValue? {
    query.inform(
      "incompatible sample types encountered for binary operator \"\(op.rawValue)\": "
        + "\(left) \(op.rawValue) \(right)", position)
    return nil
  }
}

extension BinaryOperator {
  /// The result is no sample of either metric.
  var dropsName: Bool {
    switch self {
    case .add, .subtract, .multiply, .divide, .modulo, .power, .arcTangent: true
    default: false
    }
  }
}
