/// What a function takes and returns.
package struct FunctionSignature: Sendable, Equatable {
  package let name: String
  package let argumentTypes: [ValueType]
  /// 0: exactly the arguments named; n > 0: the last may be repeated or left out, up to n more
  /// than the rest; -1: any number of the last.
  package let variadic: Int
  package let returnType: ValueType
  package let isExperimental: Bool

  package init(
    _ name: String, _ argumentTypes: [ValueType], variadic: Int = 0, returns: ValueType,
    isExperimental: Bool = false
  ) {
    self.name = name
    self.argumentTypes = argumentTypes
    self.variadic = variadic
    self.returnType = returns
    self.isExperimental = isExperimental
  }
}
