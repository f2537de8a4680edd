internal import ApusModel

/// What a function or method is called with: operands still to be evaluated, and the value that
/// the pipeline hands on.
struct Arguments {
  var operands: [OperandNode] = []
  var final: TemplateValue?

  var isEmpty: Bool { operands.isEmpty && final == nil }
  static let none = Arguments()
}

extension TemplateEvaluator {
  /// `.a.b`, `$x.a` or `(pipe).a`.
  mutating func evaluateFields(
    _ node: OperandNode, _ dot: TemplateValue, _ given: Arguments
  ) throws(Failure) -> TemplateValue {
    try at(.operand(node))
    var receiver = dot
    var names: [String] = []
    switch node {
    case .field(let path, _): names = path
    case .variable(let path, _):
      receiver = try variable(path[0])
      names = Array(path.dropFirst())
      if names.isEmpty {
        if !given.isEmpty { throw fail("can't give argument to non-function \(node)") }
        return receiver
      }
    case .chain(let inner, let path, _):
      if case .null = inner { throw fail("indirection through explicit nil in \(node)") }
      receiver = try argument(inner, dot, .any)
      names = path
    default: return .nothing
    }
    for (i, name) in names.enumerated() {
      let isLast = i == names.count - 1
      receiver = try field(name, of: receiver, node, dot, isLast ? given : .none)
    }
    return receiver
  }

  private mutating func field(
    _ name: String, of receiver: TemplateValue, _ node: OperandNode, _ dot: TemplateValue,
    _ given: Arguments
  ) throws(Failure) -> TemplateValue {
    if receiver.isNothing {
      if template.options.missingKey == .error {
        throw fail("nil data; no entry for key \(GoQuote.quote(name))")
      }
      return .nothing
    }
    if let method = TemplateMethods.find(name, of: receiver) {
      return try callMethod(method, receiver, dot, given, .operand(node))
    }
    switch receiver {
    case .fields(let fields, _):
      if let found = fields.first(where: { $0.name == name }) {
        return try plain(found.value, name, given)
      }
    case .sample(let sample):
      if name == "Labels" { return try plain(.labels(sample.labels), name, given) }
      if name == "Value" { return try plain(.float(sample.value), name, given) }
    case .labels(let map): return try entry(map[name].map { .string($0) }, .string(""), name, given)
    case .map(let map): return try entry(map[name], .nothing, name, given)
    case .textLists(let map):
      return try entry(map[name].map { .list($0.map { .string($0) }) }, .list([]), name, given)
    default: break
    }
    throw fail("can't evaluate field \(name) in type \(receiver.typeName)")
  }

  private func plain(
    _ value: TemplateValue, _ name: String, _ given: Arguments
  ) throws(Failure) -> TemplateValue {
    if given.isEmpty { return value }
    throw fail("\(name) has arguments but cannot be invoked as function")
  }

  private func entry(
    _ value: TemplateValue?, _ zero: TemplateValue, _ name: String, _ given: Arguments
  ) throws(Failure) -> TemplateValue {
    if !given.isEmpty { throw fail("\(name) is not a method but has arguments") }
    if let value { return value }
    if template.options.missingKey == .error {
      throw fail("map has no entry for key \(GoQuote.quote(name))")
    }
    return zero
  }

  // MARK: Arguments

  /// Evaluates an operand as an argument of a type.
  mutating func argument(
    _ node: OperandNode, _ dot: TemplateValue, _ type: ParameterType
  ) throws(Failure) -> TemplateValue {
    try at(.operand(node))
    switch node {
    case .dot: return try validate(dot, type)
    case .null:
      if type.mayBeNothing { return .nothing }
      throw fail("cannot assign nil to \(type.name)")
    case .field, .variable, .chain:
      return try validate(try evaluateFields(node, dot, .none), type)
    case .pipe(let pipe): return try validate(try evaluate(pipe, dot), type)
    case .identifier(let name, _):
      try at(.operand(node))
      return try validate(try call(name, dot, .none, .operand(node)), type)
    case .bool, .number, .string: return try literal(node, dot, type)
    }
  }

  private mutating func literal(
    _ node: OperandNode, _ dot: TemplateValue, _ type: ParameterType
  ) throws(Failure) -> TemplateValue {
    switch (type, node) {
    case (.any, _): return try constant(node, dot)
    case (.string, .string): return try constant(node, dot)
    case (.string, _): throw fail("expected string; found \(node)")
    case (.int, .number(let number, _)):
      if let int = number.int { return .int(int) }
      throw fail("expected integer; found \(node)")
    case (.int, _): throw fail("expected integer; found \(node)")
    default: throw fail("can't handle \(node) for arg of type \(type.name)")
    }
  }

  func validate(
    _ value: TemplateValue, _ type: ParameterType
  ) throws(Failure) -> TemplateValue {
    if value.isNothing {
      if type.mayBeNothing { return .nothing }
      throw fail("invalid value; expected \(type.name)")
    }
    switch (type, value) {
    case (.any, _), (.string, .string), (.int, .int), (.sample, .sample),
      (.samples, .samples):
      return value
    default:
      throw fail("wrong type for value; expected \(type.name); got \(value.typeName)")
    }
  }
}

/// What a function takes.
enum ParameterType: Sendable {
  case any
  case string
  case int
  case sample
  case samples

  var name: String {
    switch self {
    case .any: "interface {}"
    case .string: "string"
    case .int: "int"
    case .sample: "*template.sample"
    case .samples: "template.queryResult"
    }
  }

  var mayBeNothing: Bool {
    switch self {
    case .any, .sample, .samples: true
    case .string, .int: false
    }
  }
}
