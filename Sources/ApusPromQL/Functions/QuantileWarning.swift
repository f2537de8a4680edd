internal import ApusModel
internal import ApusPromQLSyntax

enum QuantileWarning {
  static func warn(_ q: Double, _ position: SourceRange, _ query: Query) {
    query.warn("quantile value should be between 0 and 1, got \(FloatText.g(q))", position)
  }
}
