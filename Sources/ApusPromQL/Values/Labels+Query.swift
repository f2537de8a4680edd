internal import ApusModel

extension Labels {
  /// Without the name, type and unit of the metric.
  func droppingMetadata() -> Labels {
    let all = bytes.span
    var cursor = LabelsCursor()
    var hasMetadata = false
    while cursor.advance(in: all) {
      let name = all.extracting(cursor.name)
      guard name.count > 1, name[0] == 0x5F, name[1] == 0x5F else { continue }
      if isMetadata(name) { hasMetadata = true }
    }
    guard hasMetadata else { return self }
    return filtered { !isMetadata($0) }
  }

  /// Only the labels whose names pass, by their bytes.
  func filtered(_ isKept: (Span<UInt8>) -> Bool) -> Labels {
    let all = bytes.span
    var encoder = LabelsEncoder()
    var cursor = LabelsCursor()
    while cursor.advance(in: all) {
      let name = all.extracting(cursor.name)
      if isKept(name) { encoder.append(name: name, value: all.extracting(cursor.value)) }
    }
    return encoder.labels()
  }
}

private func isMetadata(_ name: Span<UInt8>) -> Bool {
  compareBytes(name, LabelNames.metricName.utf8.span) == 0
    || compareBytes(name, LabelNames.metricType.utf8.span) == 0
    || compareBytes(name, LabelNames.metricUnit.utf8.span) == 0
}

/// A set of label names, for `by`, `without`, `on` and `ignoring`.
struct LabelNameSet {
  /// Ascending by bytes.
  let names: [String]

  init(_ names: [String]) {
    self.names = Set(names).sorted { compareBytes($0.utf8.span, $1.utf8.span) < 0 }
  }

  func contains(_ name: Span<UInt8>) -> Bool {
    for candidate in names where compareBytes(candidate.utf8.span, name) == 0 { return true }
    return false
  }

  /// The labels of the set.
  func keeping(_ labels: Labels) -> Labels {
    names.isEmpty ? .empty : labels.filtered { contains($0) }
  }

  /// The labels outside of the set.
  func deleting(_ labels: Labels) -> Labels {
    names.isEmpty ? labels : labels.filtered { !contains($0) }
  }
}
