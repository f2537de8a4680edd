internal import ApusModel
internal import ApusSystem

/// Every function of the language, by name: Go's own, and those that Prometheus adds.
enum TemplateFunctions {
  static let names = Set(table.keys)

  static let table: [String: TemplateFunction] = builtins.merging(prometheus) { $1 }

  private static let builtins: [String: TemplateFunction] = [
    // Evaluated apart, for they need not look at all their arguments.
    "and": TemplateFunction(parameters: [.any, .any], isVariadic: true) { $1[0] },
    "or": TemplateFunction(parameters: [.any, .any], isVariadic: true) { $1[0] },
    "not": TemplateFunction(parameters: [.any]) { .bool(!$1[0].isTrue) },
    "call": TemplateFunction(parameters: [.any, .any], isVariadic: true) {
      (_, values) throws(CallFailure) in
      if values[0].isNothing { throw CallFailure("call of nil") }
      throw CallFailure("non-function of type \(values[0].typeName)")
    },
    "html": TemplateFunction(parameters: [.any], isVariadic: true) {
      .string(TextEscapes.html(joined($1)))
    },
    "js": TemplateFunction(parameters: [.any], isVariadic: true) {
      .string(TextEscapes.javaScript(joined($1)))
    },
    "urlquery": TemplateFunction(parameters: [.any], isVariadic: true) {
      .string(URLText.queryEscaped(joined($1)))
    },
    "print": TemplateFunction(parameters: [.any], isVariadic: true) {
      .string(GoFormat.sprint($1))
    },
    "println": TemplateFunction(parameters: [.any], isVariadic: true) {
      .string(GoFormat.sprintln($1))
    },
    "printf": TemplateFunction(parameters: [.string, .any], isVariadic: true) {
      guard case .string(let format)? = $1.first else { return .string("") }
      return .string(GoFormat.sprintf(format, Array($1.dropFirst())))
    },
    "len": TemplateFunction(parameters: [.any]) { (_, values) throws(CallFailure) in
      .int(Int64(try Collections.length(of: values[0])))
    },
    "index": TemplateFunction(parameters: [.any, .any], isVariadic: true) {
      (_, values) throws(CallFailure) in
      var value = values[0]
      for index in values.dropFirst() { value = try Collections.element(of: value, at: index) }
      return value
    },
    "slice": TemplateFunction(parameters: [.any, .any], isVariadic: true) {
      (_, values) throws(CallFailure) in
      try Collections.slice(of: values[0], Array(values.dropFirst()))
    },
    "eq": TemplateFunction(parameters: [.any, .any], isVariadic: true) {
      (_, values) throws(CallFailure) in
      .bool(try Comparison.isEqualToAny(values[0], Array(values.dropFirst())))
    },
    "ne": TemplateFunction(parameters: [.any, .any]) { (_, values) throws(CallFailure) in
      .bool(!(try Comparison.isEqualToAny(values[0], [values[1]])))
    },
    "lt": TemplateFunction(parameters: [.any, .any]) { (_, values) throws(CallFailure) in
      .bool(try Comparison.isLess(values[0], values[1]))
    },
    "le": TemplateFunction(parameters: [.any, .any]) { (_, values) throws(CallFailure) in
      .bool(try Comparison.isLessOrEqual(values[0], values[1]))
    },
    "gt": TemplateFunction(parameters: [.any, .any]) { (_, values) throws(CallFailure) in
      .bool(!(try Comparison.isLessOrEqual(values[0], values[1])))
    },
    "ge": TemplateFunction(parameters: [.any, .any]) { (_, values) throws(CallFailure) in
      .bool(!(try Comparison.isLess(values[0], values[1])))
    },
  ]

  /// One text as it is; anything else as `print` has it.
  private static func joined(_ values: [TemplateValue]) -> String {
    if values.count == 1, case .string(let text) = values[0] { return text }
    return GoFormat.sprint(values)
  }
}

/// `eq`, `lt` and their like. Numbers of different kinds do not compare.
enum Comparison {
  static func isEqualToAny(
    _ left: TemplateValue, _ others: [TemplateValue]
  ) throws(CallFailure) -> Bool {
    if others.isEmpty { throw CallFailure("missing argument for comparison") }
    for right in others {
      switch (left, right) {
      case (.bool(let a), .bool(let b)) where a == b: return true
      case (.int(let a), .int(let b)) where a == b: return true
      case (.float(let a), .float(let b)) where a == b: return true
      case (.string(let a), .string(let b)) where isSame(a, b): return true
      case (.html(let a), .html(let b)), (.html(let a), .string(let b)),
        (.string(let a), .html(let b)):
        if isSame(a, b) { return true }
      case (.nothing, .nothing): return true
      case (.duration(let a), .duration(let b)) where a == b: return true
      case (.bool, .bool), (.int, .int), (.float, .float), (.string, .string),
        (.duration, .duration), (.nothing, _), (_, .nothing):
        continue
      default:
        if left.typeName == right.typeName {
          throw CallFailure(
            "non-comparable type \(left.typeName): \(GoFormat.shown(left))")
        }
        throw CallFailure("incompatible types for comparison")
      }
    }
    return false
  }

  private static func isSame(_ a: String, _ b: String) -> Bool {
    a.utf8.elementsEqual(b.utf8)
  }

  static func isLess(
    _ left: TemplateValue, _ right: TemplateValue
  ) throws(CallFailure) -> Bool {
    switch (left, right) {
    case (.int(let a), .int(let b)): return a < b
    case (.float(let a), .float(let b)): return a < b
    case (.string(let a), .string(let b)):
      return a.utf8.lexicographicallyPrecedes(b.utf8)
    case (.bool, .bool): throw CallFailure("invalid type for comparison")
    case (.bool, _), (.int, _), (.float, _), (.string, _):
      switch right {
      case .bool, .int, .float, .string:
        throw CallFailure("incompatible types for comparison")
      default: throw CallFailure("invalid type for comparison")
      }
    default: throw CallFailure("invalid type for comparison")
    }
  }

  static func isLessOrEqual(
    _ left: TemplateValue, _ right: TemplateValue
  ) throws(CallFailure) -> Bool {
    if try isLess(left, right) { return true }
    return try isEqualToAny(left, [right])
  }
}

/// `len`, `index` and `slice`.
enum Collections {
  static func length(of value: TemplateValue) throws(CallFailure) -> Int {
    switch value {
    case .string(let text), .html(let text): return text.utf8.count
    case .nothing: throw CallFailure("len of nil pointer")
    default:
      guard let elements = value.elements else {
        throw CallFailure("len of type \(value.typeName)")
      }
      return elements.count
    }
  }

  static func element(
    of value: TemplateValue, at index: TemplateValue
  ) throws(CallFailure) -> TemplateValue {
    switch value {
    case .nothing: throw CallFailure("index of untyped nil")
    case .list, .samples:
      let elements = value.elements ?? []
      return elements[try position(index, below: elements.count)].value
    case .string(let text):
      let bytes = Array(text.utf8)
      return .int(Int64(bytes[try position(index, below: bytes.count)]))
    case .labels(let map): return .string(map[try key(index)] ?? "")
    case .map(let map): return map[try key(index)] ?? .nothing
    case .textLists(let map): return .list((map[try key(index)] ?? []).map { .string($0) })
    default: throw CallFailure("can't index item of type \(value.typeName)")
    }
  }

  private static func key(_ index: TemplateValue) throws(CallFailure) -> String {
    if case .string(let name) = index { return name }
    if index.isNothing { throw CallFailure("value is nil; should be of type string") }
    throw CallFailure("value has type \(index.typeName); should be string")
  }

  private static func position(
    _ index: TemplateValue, below count: Int, isSlice: Bool = false
  ) throws(CallFailure) -> Int {
    guard case .int(let wanted) = index else {
      if index.isNothing { throw CallFailure("cannot index slice/array with nil") }
      throw CallFailure("cannot index slice/array with type \(index.typeName)")
    }
    guard wanted >= 0, wanted < count + (isSlice ? 1 : 0) else {
      throw CallFailure("index out of range: \(wanted)")
    }
    return Int(wanted)
  }

  static func slice(
    of value: TemplateValue, _ indices: [TemplateValue]
  ) throws(CallFailure) -> TemplateValue {
    if value.isNothing { throw CallFailure("slice of untyped nil") }
    if indices.count > 3 { throw CallFailure("too many slice indexes: \(indices.count)") }
    let count: Int
    switch value {
    case .string(let text):
      if indices.count == 3 { throw CallFailure("cannot 3-index slice a string") }
      count = text.utf8.count
    case .list(let list): count = list.count
    case .samples(let list): count = list.count
    default: throw CallFailure("can't slice item of type \(value.typeName)")
    }
    var bounds = [0, count]
    for (i, index) in indices.prefix(2).enumerated() {
      bounds[i] = try position(index, below: count, isSlice: true)
    }
    if bounds[0] > bounds[1] {
      throw CallFailure("invalid slice index: \(bounds[0]) > \(bounds[1])")
    }
    let range = bounds[0]..<bounds[1]
    switch value {
    case .string(let text): return .string(String(decoding: Array(text.utf8)[range], as: UTF8.self))
    case .list(let list): return .list(Array(list[range]))
    case .samples(let list): return .samples(Array(list[range]))
    default: return value
    }
  }
}
