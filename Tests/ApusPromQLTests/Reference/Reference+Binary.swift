import ApusModel
import ApusPromQLSyntax
import Glibc

/// Binary operators, step by step, element by element.
extension Reference {
  func binary(_ node: BinaryExpression, _ times: [Int64]) throws -> ReferenceValue {
    let left = try value(node.left, times)
    let right = try value(node.right, times)
    switch (left, right) {
    case (.scalar(let a), .scalar(let b)):
      return .scalar(zip(a, b).map { Self.compute(node.op, $0, $1) })
    case (.vector(let a), .scalar(let b)):
      return .vector(try withScalar(node, a, b, scalarIsLeft: false))
    case (.scalar(let a), .vector(let b)):
      return .vector(try withScalar(node, b, a, scalarIsLeft: true))
    case (.vector(let a), .vector(let b)):
      let matching = node.matching ?? VectorMatching()
      var steps: [[ReferenceSample]] = []
      for (x, y) in zip(a, b) {
        steps.append(
          node.op.isSet
            ? combine(node.op, matching, x, y) : try match(node, matching, x, y))
      }
      return .vector(node.returnsBool ? try dropped(steps) : steps)
    default: throw ReferenceError(text: "a string is no operand")
    }
  }

  /// A comparison that answers with 0 or 1 drops names, without looking for equal labels.
  private func dropped(_ steps: [[ReferenceSample]]) throws -> [[ReferenceSample]] {
    steps.map { elements in
      elements.map { element in
        var element = element
        if delaysNames {
          element.dropsName = true
        } else {
          element.labels = Self.withoutName(element.labels)
        }
        return element
      }
    }
  }

  static func compute(_ op: BinaryOperator, _ a: Double, _ b: Double) -> Double {
    switch op {
    case .add: a + b
    case .subtract: a - b
    case .multiply: a * b
    case .divide: a / b
    case .modulo: fmod(a, b)
    case .power: pow(a, b)
    case .arcTangent: atan2(a, b)
    case .equal: a == b ? 1 : 0
    case .notEqual: a != b ? 1 : 0
    case .greater: a > b ? 1 : 0
    case .less: a < b ? 1 : 0
    case .greaterOrEqual: a >= b ? 1 : 0
    case .lessOrEqual: a <= b ? 1 : 0
    case .and, .or, .unless, .trimUpper, .trimLower: .nan
    }
  }

  private static func dropsName(_ op: BinaryOperator) -> Bool {
    !op.isComparison && !op.isSet
  }

  private func withScalar(
    _ node: BinaryExpression, _ steps: [[ReferenceSample]], _ scalars: [Double],
    scalarIsLeft: Bool
  ) throws -> [[ReferenceSample]] {
    let made = zip(steps, scalars).map { elements, scalar in
      elements.compactMap { element -> ReferenceSample? in
        var element = element
        element.timeMs = nil
        let a = scalarIsLeft ? scalar : element.value
        let b = scalarIsLeft ? element.value : scalar
        let result = Self.compute(node.op, a, b)
        if node.op.isComparison && !node.returnsBool { return result != 0 ? element : nil }
        element.value = result
        return element
      }
    }
    return Self.dropsName(node.op) || node.returnsBool ? try droppingNames(made) : made
  }

  private func signature(
    _ matching: VectorMatching, _ labels: [String: String]
  ) -> [String: String] {
    if matching.isOn { return labels.filter { matching.labels.contains($0.key) } }
    return labels.filter { !matching.labels.contains($0.key) && $0.key != "__name__" }
  }

  private func combine(
    _ op: BinaryOperator, _ matching: VectorMatching, _ left: [ReferenceSample],
    _ right: [ReferenceSample]
  ) -> [ReferenceSample] {
    let ofLeft = Set(left.map { signature(matching, $0.labels) })
    let ofRight = Set(right.map { signature(matching, $0.labels) })
    switch op {
    case .and: return left.filter { ofRight.contains(signature(matching, $0.labels)) }
    case .unless: return left.filter { !ofRight.contains(signature(matching, $0.labels)) }
    default: return left + right.filter { !ofLeft.contains(signature(matching, $0.labels)) }
    }
  }

  private func match(
    _ node: BinaryExpression, _ matching: VectorMatching, _ left: [ReferenceSample],
    _ right: [ReferenceSample]
  ) throws -> [ReferenceSample] {
    // With group_right, "left" and "right" of fill are exchanged, as they are in Prometheus.
    let isSwapped = matching.cardinality == .oneToMany
    let many = isSwapped ? right : left
    let one = isSwapped ? left : right
    if many.isEmpty && matching.fillLeft == nil { return [] }
    if one.isEmpty && matching.fillRight == nil { return [] }
    var partners: [[String: String]: ReferenceSample] = [:]
    for element in one {
      let key = signature(matching, element.labels)
      if let other = partners[key] {
        throw ReferenceError(
          text: "found duplicate series for the match group \(ReferenceStore.labels(key)) on the "
            + "\(isSwapped ? "left" : "right") hand-side of the operation: "
            + "[\(ReferenceStore.labels(element.labels)), \(ReferenceStore.labels(other.labels))]"
            + ";many-to-many matching not allowed: matching labels must be unique on one side")
      }
      partners[key] = element
    }
    var out: [ReferenceSample] = []
    var met: Set<[String: String]> = []
    var results: Set<[String: String]> = []
    for element in many {
      let key = signature(matching, element.labels)
      guard let partner = partners[key] ?? filled(matching.fillRight, matching, key) else {
        continue
      }
      if matching.cardinality == .oneToOne, met.contains(key) {
        throw ReferenceError(
          text: "multiple matches for labels: many-to-one matching must be explicit "
            + "(group_left/group_right)")
      }
      met.insert(key)
      guard let result = result(node, matching, element, partner, isSwapped) else { continue }
      if matching.cardinality != .oneToOne, !results.insert(result.labels).inserted {
        throw ReferenceError(
          text: "multiple matches for labels: grouping labels must ensure unique matches")
      }
      out.append(result)
    }
    guard let value = matching.fillLeft else { return out }
    for element in one where !met.contains(signature(matching, element.labels)) {
      let key = signature(matching, element.labels)
      let stand = ReferenceSample(labels: key, value: value)
      if let result = result(node, matching, stand, element, isSwapped) { out.append(result) }
    }
    return out
  }

  private func filled(
    _ value: Double?, _ matching: VectorMatching, _ key: [String: String]
  ) -> ReferenceSample? {
    value.map { ReferenceSample(labels: matching.include.isEmpty ? key : [:], value: $0) }
  }

  private func result(
    _ node: BinaryExpression, _ matching: VectorMatching, _ many: ReferenceSample,
    _ one: ReferenceSample, _ isSwapped: Bool
  ) -> ReferenceSample? {
    let a = isSwapped ? one.value : many.value
    let b = isSwapped ? many.value : one.value
    let computed = Self.compute(node.op, a, b)
    if node.op.isComparison && !node.returnsBool && computed == 0 { return nil }
    var labels = Self.dropsName(node.op) ? Self.withoutName(many.labels) : many.labels
    if matching.cardinality == .oneToOne {
      labels = labels.filter { matching.labels.contains($0.key) == matching.isOn }
    }
    for name in matching.include { labels[name] = one.labels[name] }
    return ReferenceSample(
      labels: labels, value: node.op.isComparison && !node.returnsBool ? a : computed,
      dropsName: many.dropsName)
  }
}
