internal import ApusModel

extension TemplateEvaluator {
  /// Calls a function by name. `place` is what an error of the function points at.
  mutating func call(
    _ name: String, _ dot: TemplateValue, _ given: Arguments,
    _ place: Place
  ) throws(Failure) -> TemplateValue {
    if name == "tmpl" && template.options.isHTML {
      try checkCount(name, [.string, .any], false, given)
      let arguments = try evaluate(given, [.string, .any], false, dot)
      guard case .string(let title) = arguments[0] else { return .nothing }
      return try output(of: title, arguments[1])
    }
    guard let function = TemplateFunctions.table[name] else {
      throw fail("\(GoQuote.quote(name)) is not a defined function")
    }
    try checkCount(name, function.parameters, function.isVariadic, given)
    if name == "and" || name == "or" { return try shortCircuit(name == "or", dot, given) }
    let arguments = try evaluate(given, function.parameters, function.isVariadic, dot)
    do {
      return try function.body(environment, arguments)
    } catch {
      try at(place)
      throw fail("error calling \(name): \(error.text)")
    }
  }

  mutating func callMethod(
    _ method: TemplateMethods.Method, _ receiver: TemplateValue, _ dot: TemplateValue,
    _ given: Arguments, _ place: Place
  ) throws(Failure) -> TemplateValue {
    try checkCount(method.name, method.parameters, false, given)
    let arguments = try evaluate(given, method.parameters, false, dot)
    do {
      return try method.body(receiver, arguments)
    } catch {
      try at(place)
      throw fail("error calling \(method.name): \(error.text)")
    }
  }

  private func checkCount(
    _ name: String, _ parameters: [ParameterType], _ isVariadic: Bool, _ given: Arguments
  ) throws(Failure) {
    let count = given.operands.count + (given.final == nil ? 0 : 1)
    if isVariadic {
      let least = parameters.count - 1
      if count < least {
        throw fail(
          "wrong number of args for \(name): want at least \(least) got "
            + "\(given.operands.count)")
      }
    } else if count != parameters.count {
      throw fail("wrong number of args for \(name): want \(parameters.count) got \(count)")
    }
  }

  private mutating func evaluate(
    _ given: Arguments, _ parameters: [ParameterType], _ isVariadic: Bool, _ dot: TemplateValue
  ) throws(Failure) -> [TemplateValue] {
    func type(_ index: Int) -> ParameterType {
      index < parameters.count ? parameters[index] : parameters[parameters.count - 1]
    }
    var values: [TemplateValue] = []
    for operand in given.operands {
      values.append(try argument(operand, dot, type(values.count)))
    }
    if let final = given.final { values.append(try validate(final, type(values.count))) }
    return values
  }

  /// `and` and `or` evaluate no further than they must.
  private mutating func shortCircuit(
    _ isOr: Bool, _ dot: TemplateValue, _ given: Arguments
  ) throws(Failure) -> TemplateValue {
    var value = TemplateValue.nothing
    for operand in given.operands {
      value = try argument(operand, dot, .any)
      if value.isTrue == isOr { return value }
    }
    return given.final ?? value
  }
}

/// What a function has to complain about.
struct CallFailure: Error {
  let text: String

  init(_ text: String) { self.text = text }
}

struct TemplateFunction: Sendable {
  let parameters: [ParameterType]
  var isVariadic = false
  let body: @Sendable (TemplateEnvironment, [TemplateValue]) throws(CallFailure) -> TemplateValue
}
