import ApusModel
import ApusPromQLSyntax
import Glibc

/// Functions of instant vectors and scalars, step by step.
extension Reference {
  func call(_ node: FunctionCall, _ times: [Int64]) throws -> ReferenceValue {
    let arguments = node.arguments
    let name = node.function.name
    if arguments.contains(where: { $0.valueType == .matrix }) {
      return .vector(try overRange(node, times))
    }
    if let function = ReferenceFunctions.ofValue[name] {
      return .vector(try mapped(arguments[0], times) { value, _ in function(value) })
    }
    switch name {
    case "time": return .scalar(times.map { Double($0) / 1000 })
    case "start": return .scalar(times.map { _ in Double(startMs) / 1000 })
    case "end": return .scalar(times.map { _ in Double(endMs) / 1000 })
    case "step": return .scalar(times.map { _ in Double(stepMs) / 1000 })
    case "pi": return .scalar(times.map { _ in .pi })
    case "scalar":
      return .scalar(
        try vector(arguments[0], times).map { $0.count == 1 ? $0[0].value : .nan })
    case "vector":
      return .vector(
        try scalar(arguments[0], times).map { [ReferenceSample(labels: [:], value: $0)] })
    case "timestamp": return .vector(try timestamps(arguments[0], times))
    case "clamp", "clamp_min", "clamp_max": return .vector(try clamp(node, times))
    case "round":
      let nearest =
        arguments.count > 1 ? try scalar(arguments[1], times) : times.map { _ in 1 }
      return .vector(
        try mapped(arguments[0], times) { value, step in
          let inverse = 1 / nearest[step]
          return floor(value * inverse + 0.5) / inverse
        })
    case "absent":
      let labels = ReferenceFunctions.absentLabels(arguments[0])
      return .vector(
        try vector(arguments[0], times).map {
          $0.isEmpty ? [ReferenceSample(labels: labels, value: 1)] : []
        })
    case "sort", "sort_desc", "sort_by_label", "sort_by_label_desc":
      return .vector(try vector(arguments[0], times))
    case "label_replace", "label_join": return .vector(try relabel(node, times))
    default: throw ReferenceError(text: "the reference does not know \(name)")
    }
  }

  private func mapped(
    _ argument: Expression, _ times: [Int64], _ change: (Double, Int) -> Double
  ) throws -> [[ReferenceSample]] {
    try droppingNames(
      try vector(argument, times).enumerated().map { step, elements in
        elements.map { element in
          var element = element
          element.value = change(element.value, step)
          return element
        }
      })
  }

  private func timestamps(
    _ argument: Expression, _ times: [Int64]
  ) throws -> [[ReferenceSample]] {
    var source = argument
    while case .parentheses(let parentheses) = source { source = parentheses.inner }
    var isStored = false
    if case .vectorSelector(var selector) = source {
      isStored = true
      // With @ a negative offset does not count, and what a positive one skips is not looked at.
      if selector.at != nil && !selector.isSmoothed {
        let offsetMs = milliseconds(selector.offset)
        if offsetMs < 0 { selector.offset = .ms(0) }
        if offsetMs >= lookbackMs { return times.map { _ in [] } }
        source = .vectorSelector(selector)
        let oldest = { (timeMs: Int64) in
          readTime(selector.at, .ms(0), timeMs) - lookbackMs
        }
        let found = zip(try vector(source, times), times).map { elements, timeMs in
          elements.filter { ($0.timeMs ?? timeMs) > oldest(timeMs) }
        }
        return try droppingNames(found.map { $0.map(Self.stamped) })
      }
    }
    return try droppingNames(
      zip(try vector(argument, times), times).map { elements, timeMs in
        elements.map { element in
          var element = element
          element.value = Double((isStored ? element.timeMs : nil) ?? timeMs) / 1000
          return element
        }
      })
  }

  private static func stamped(_ element: ReferenceSample) -> ReferenceSample {
    var element = element
    element.value = Double(element.timeMs ?? 0) / 1000
    return element
  }

  private func clamp(_ node: FunctionCall, _ times: [Int64]) throws -> [[ReferenceSample]] {
    var least = times.map { _ in -Double.infinity }
    var greatest = times.map { _ in Double.infinity }
    if node.function.name != "clamp_max" { least = try scalar(node.arguments[1], times) }
    if node.function.name != "clamp_min" {
      greatest = try scalar(node.arguments[node.arguments.count - 1], times)
    }
    let made = try mapped(node.arguments[0], times) { value, step in
      ReferenceFunctions.maximum(least[step], ReferenceFunctions.minimum(greatest[step], value))
    }
    return made.enumerated().map { greatest[$0] < least[$0] ? [] : $1 }
  }

  /// Knows the patterns that the generator writes: `(.*)` and words.
  private func relabel(_ node: FunctionCall, _ times: [Int64]) throws -> [[ReferenceSample]] {
    let target = try text(node.arguments[1])
    let second = try text(node.arguments[2])
    let third = try text(node.arguments[3])
    let isReplace = node.function.name == "label_replace"
    let pattern = isReplace ? try text(node.arguments[4]) : ""
    let steps = try vector(node.arguments[0], times).map { elements in
      elements.map { element in
        var element = element
        element.timeMs = nil
        let value: String
        if isReplace {
          let source = element.labels[third] ?? ""
          guard pattern == "(.*)" || pattern == source else { return element }
          value = second == "$1" ? (pattern == "(.*)" ? source : "") : second
        } else {
          value = third.isEmpty ? "" : element.labels[third] ?? ""
        }
        element.labels[target] = value.isEmpty ? nil : value
        if target == "__name__" { element.dropsName = false }
        return element
      }
    }
    for elements in steps where Set(elements.map { $0.labels }).count != elements.count {
      throw ReferenceError.duplicateLabels
    }
    return steps
  }
}

/// Functions of ranges: every window is cut out anew.
extension Reference {
  private func overRange(_ node: FunctionCall, _ times: [Int64]) throws -> [[ReferenceSample]] {
    var numbers: [[Double]] = []
    var range: Expression?
    for argument in node.arguments {
      if argument.valueType == .matrix {
        range = argument
      } else {
        numbers.append(try scalar(argument, times))
      }
    }
    guard let range else { throw ReferenceError(text: "no range") }
    let source = try ranges(range, times)
    let name = node.function.name
    var steps = times.map { _ in [ReferenceSample]() }
    for series in source.series {
      for (step, timeMs) in times.enumerated() {
        let window = ReferenceWindow(
          series.samples, endMs: source.endMs(timeMs), lengthMs: source.lengthMs,
          lookbackMs: lookbackMs, source.widening)
        let result = try ReferenceFunctions.overTime(
          name, window, numbers.map { $0[step] }, timeMs: timeMs)
        guard let result else { continue }
        steps[step].append(
          ReferenceSample(labels: series.labels, value: result, dropsName: series.dropsName))
      }
    }
    if name == "absent_over_time" {
      let labels = ReferenceFunctions.absentLabels(range)
      return steps.map { $0.isEmpty ? [ReferenceSample(labels: labels, value: 1)] : [] }
    }
    return name == "last_over_time" || name == "first_over_time"
      ? steps : try droppingNames(steps)
  }

  private struct Ranges {
    var series: [ReferenceSeries]
    var lengthMs: Int64
    var widening: ReferenceWindow.Widening
    /// Where the window of a step ends.
    var endMs: (Int64) -> Int64
  }

  private func ranges(_ expression: Expression, _ times: [Int64]) throws -> Ranges {
    switch expression {
    case .parentheses(let parentheses): return try ranges(parentheses.inner, times)
    case .matrixSelector(let matrix):
      let selector = matrix.selector
      return Ranges(
        series: store.matching(selector.matchers), lengthMs: milliseconds(matrix.window),
        widening: selector.isAnchored ? .anchored : (selector.isSmoothed ? .smoothed : .none)
      ) { readTime(selector.at, selector.offset, $0) }
    case .subquery(let subquery): return try ranges(subquery, times)
    default: throw ReferenceError(text: "no range")
    }
  }

  private func ranges(_ node: SubqueryExpression, _ times: [Int64]) throws -> Ranges {
    let lengthMs = milliseconds(node.window)
    let step = node.step.map(milliseconds) ?? subqueryStepMs
    let ends = times.map { readTime(node.at, node.offset, $0) }
    var made = Ranges(series: [], lengthMs: lengthMs, widening: .none) {
      readTime(node.at, node.offset, $0)
    }
    guard let first = ends.min(), let last = ends.max() else { return made }
    var inner: [Int64] = []
    for multiple in ((first - lengthMs) / step - 1)...(last / step + 1) {
      let timeMs = multiple * step
      if timeMs > first - lengthMs && timeMs <= last { inner.append(timeMs) }
    }
    if inner.isEmpty { return made }
    for (timeMs, elements) in zip(inner, try vector(node.inner, inner)) {
      var seen: Set<[String: String]> = []
      for element in elements {
        guard seen.insert(element.labels).inserted else { throw ReferenceError.duplicateLabels }
        if let place = made.series.firstIndex(where: { $0.labels == element.labels }) {
          made.series[place].samples.append((timeMs, element.value))
        } else {
          made.series.append(
            ReferenceSeries(
              labels: element.labels, dropsName: element.dropsName,
              samples: [(timeMs, element.value)]))
        }
      }
    }
    return made
  }
}
