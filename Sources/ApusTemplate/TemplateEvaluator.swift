internal import ApusModel

/// Walks a tree and writes text. Source: Go, text/template/exec.go; every `at` stands where Go
/// remembers the node, for errors quote the last one remembered.
struct TemplateEvaluator {
  /// What stops an expansion; the text is Go's.
  struct Failure: Error {
    let reason: String
  }

  /// A node that errors can point at; its text is made only when one does.
  enum Place {
    case text(String, position: Int)
    case action(PipeNode)
    case pipe(PipeNode)
    case command(CommandNode)
    case operand(OperandNode)
    case template(String, PipeNode?, position: Int)

    var position: Int {
      switch self {
      case .text(_, let position), .template(_, _, let position): position
      case .action(let pipe), .pipe(let pipe): pipe.position
      case .command(let command): command.position
      case .operand(let operand): operand.position
      }
    }

    var text: String {
      switch self {
      case .text(let text, _): text
      case .action(let pipe): "{{\(pipe)}}"
      case .pipe(let pipe): "\(pipe)"
      case .command(let command): "\(command)"
      case .operand(let operand): "\(operand)"
      case .template(let name, let pipe, _):
        "{{template \(GoQuote.quote(name))\(pipe.map { " \($0)" } ?? "")}}"
      }
    }
  }

  /// How a list of nodes was left.
  enum Flow {
    case normal
    case breakLoop
    case continueLoop
  }

  let template: Template
  let environment: TemplateEnvironment
  private(set) var out: [UInt8] = []
  private var treeName: String
  private var variables: [(name: String, value: TemplateValue)] = []
  private var depth = 0
  private var steps = 0
  /// The node that errors point at.
  private var current: Place?

  init(template: Template, environment: TemplateEnvironment) {
    self.template = template
    self.environment = environment
    treeName = template.name
  }

  mutating func run(_ data: TemplateValue) throws(Failure) -> String {
    variables = [("$", data)]
    guard let root = template.trees[template.name] else { return "" }
    _ = try walk(root.list, data)
    return String(decoding: out, as: UTF8.self)
  }

  // MARK: Where we are

  mutating func at(_ place: Place) throws(Failure) {
    current = place
    try step()
  }

  private mutating func step() throws(Failure) {
    steps += 1
    if steps > Limits.stepsMax {
      throw fail("template takes more than \(Limits.stepsMax) steps")
    }
  }

  func fail(_ message: String) -> Failure {
    guard let current else {
      return Failure(reason: "template: \(treeName): \(message)")
    }
    var line = 1
    var lineStart = 0
    let source =
      template.trees[treeName]?.source ?? .init(name: template.name, text: template.text)
    for (i, byte) in source.text.utf8.enumerated() {
      if i >= current.position { break }
      if byte == UInt8(ascii: "\n") {
        line += 1
        lineStart = i + 1
      }
    }
    let place = "\(source.name):\(line):\(current.position - lineStart)"
    return Failure(
      reason: "template: \(place): executing \(GoQuote.quote(treeName)) at "
        + "<\(current.text)>: \(message)")
  }

  mutating func write(_ text: String) throws(Failure) {
    out.append(contentsOf: text.utf8)
    if out.count > Limits.outputBytesMax {
      throw fail("template writes more than \(Limits.outputBytesMax) bytes")
    }
  }

  // MARK: Walking

  private mutating func walk(
    _ list: [TemplateNode], _ dot: TemplateValue
  ) throws(Failure) -> Flow {
    for node in list {
      switch try walk(node, dot) {
      case .normal: continue
      case let flow: return flow
      }
    }
    return .normal
  }

  private mutating func walk(
    _ node: TemplateNode, _ dot: TemplateValue
  ) throws(Failure) -> Flow {
    switch node {
    case .text(let text, let position):
      try at(.text(text, position: position))
      try write(text)
    case .action(let pipe):
      try at(.action(pipe))
      let value = try evaluate(pipe, dot)
      if pipe.declared.isEmpty {
        try at(.action(pipe))
        try write(template.options.isHTML ? HTMLEscaping.text(value) : GoFormat.shown(value))
      }
    case .ifElse(let branch):
      return try walkBranch(branch, dot, isWith: false)
    case .with(let branch):
      return try walkBranch(branch, dot, isWith: true)
    case .range(let branch):
      return try walkRange(branch, dot)
    case .template(let name, let pipe, let position):
      try walkTemplate(name, pipe, position, dot)
    case .breakLoop: return .breakLoop
    case .continueLoop: return .continueLoop
    }
    return .normal
  }

  private mutating func walkBranch(
    _ branch: BranchNode, _ dot: TemplateValue, isWith: Bool
  ) throws(Failure) -> Flow {
    let mark = variables.count
    defer { pop(to: mark) }
    let value = try evaluate(branch.pipe, dot)
    if value.isTrue { return try walk(branch.list, isWith ? value : dot) }
    guard let elseList = branch.elseList else { return .normal }
    return try walk(elseList, dot)
  }

  private mutating func walkRange(
    _ branch: BranchNode, _ dot: TemplateValue
  ) throws(Failure) -> Flow {
    let outer = variables.count
    defer { pop(to: outer) }
    let value = try evaluate(branch.pipe, dot)
    let mark = variables.count
    var isEmpty = true
    func isOver(_ flow: Flow) -> Bool {
      if case .breakLoop = flow { return true }
      return false
    }
    if case .int(let count) = value {
      isEmpty = count <= 0
      for i in 0..<max(count, 0) {
        if isOver(try iterate(branch, .int(i), .int(i), mark)) { break }
      }
    } else {
      guard let elements = value.elements else {
        throw fail("range can't iterate over \(GoFormat.shown(value))")
      }
      isEmpty = elements.isEmpty
      for (key, element) in elements {
        if isOver(try iterate(branch, key, element, mark)) { break }
      }
    }
    if isEmpty, let elseList = branch.elseList { return try walk(elseList, dot) }
    return .normal
  }

  private mutating func iterate(
    _ branch: BranchNode, _ key: TemplateValue, _ element: TemplateValue, _ mark: Int
  ) throws(Failure) -> Flow {
    try step()
    try bind(branch.pipe.declared, key, element, branch.pipe.isAssignment, mark)
    let flow = try walk(branch.list, element)
    pop(to: mark)
    return flow
  }

  /// One name takes the element; of two, the first takes the key.
  private mutating func bind(
    _ names: [String], _ key: TemplateValue, _ element: TemplateValue, _ isAssignment: Bool,
    _ mark: Int
  ) throws(Failure) {
    guard let last = names.last else { return }
    let values = names.count > 1 ? [key, element] : [element]
    if isAssignment {
      for (name, value) in zip(names, values) { try assign(name, value) }
      return
    }
    variables[mark - 1].value = element
    variables[mark - 1].name = last
    if names.count > 1 { variables[mark - 2].value = key }
  }

  private mutating func walkTemplate(
    _ name: String, _ pipe: PipeNode?, _ position: Int, _ dot: TemplateValue
  ) throws(Failure) {
    try at(.template(name, pipe, position: position))
    let dot = try pipe.map { (pipe) throws(Failure) in try evaluate(pipe, dot) } ?? .nothing
    try run(name, dot)
  }

  /// Runs a named template; it sees no variables but `$`.
  private mutating func run(_ name: String, _ dot: TemplateValue) throws(Failure) {
    guard let tree = template.trees[name] else {
      throw fail("template \(GoQuote.quote(name)) not defined")
    }
    if depth == Limits.depthMax {
      throw fail("exceeded maximum template depth (\(Limits.depthMax))")
    }
    let saved = (variables, treeName)
    (variables, treeName) = ([("$", dot)], name)
    depth += 1
    _ = try walk(tree.list, dot)
    depth -= 1
    (variables, treeName) = saved
  }

  /// `tmpl name data`: what a named template writes, as HTML.
  mutating func output(
    of name: String, _ dot: TemplateValue
  ) throws(Failure) -> TemplateValue {
    let outer = out
    out = []
    try run(name, dot)
    let text = String(decoding: out, as: UTF8.self)
    out = outer
    return .html(text)
  }

  // MARK: Variables

  /// Forgets the variables declared since a mark. (A failed call leaves fewer than there were.)
  private mutating func pop(to mark: Int) {
    if variables.count > mark { variables.removeSubrange(mark...) }
  }

  private mutating func assign(_ name: String, _ value: TemplateValue) throws(Failure) {
    guard let index = variables.lastIndex(where: { $0.name == name }) else {
      throw fail("undefined variable: \(name)")
    }
    variables[index].value = value
  }

  func variable(_ name: String) throws(Failure) -> TemplateValue {
    guard let found = variables.last(where: { $0.name == name }) else {
      throw fail("undefined variable: \(name)")
    }
    return found.value
  }

  // MARK: Pipelines

  mutating func evaluate(
    _ pipe: PipeNode, _ dot: TemplateValue
  ) throws(Failure) -> TemplateValue {
    try at(.pipe(pipe))
    var value: TemplateValue?
    for command in pipe.commands { value = try evaluate(command, dot, value) }
    for name in pipe.declared {
      if pipe.isAssignment {
        try assign(name, value ?? .nothing)
      } else {
        variables.append((name, value ?? .nothing))
      }
    }
    return value ?? .nothing
  }

  private mutating func evaluate(
    _ command: CommandNode, _ dot: TemplateValue, _ final: TemplateValue?
  ) throws(Failure) -> TemplateValue {
    let first = command.arguments[0]
    let given = Arguments(operands: Array(command.arguments.dropFirst()), final: final)
    switch first {
    case .field, .chain, .variable:
      return try evaluateFields(first, dot, given)
    case .identifier(let name, _):
      try at(.operand(first))
      return try call(name, dot, given, .command(command))
    case .pipe(let pipe):
      try refuseArguments(given, first)
      return try evaluate(pipe, dot)
    default: break
    }
    try at(.operand(first))
    try refuseArguments(given, first)
    switch first {
    case .null: throw fail("nil is not a command")
    default: return try constant(first, dot)
    }
  }

  private func refuseArguments(
    _ given: Arguments, _ node: OperandNode
  ) throws(Failure) {
    if !given.operands.isEmpty || given.final != nil {
      throw fail("can't give argument to non-function \(node)")
    }
  }

  /// Bool, number, string or dot.
  mutating func constant(
    _ node: OperandNode, _ dot: TemplateValue
  ) throws(Failure) -> TemplateValue {
    switch node {
    case .bool(let value, _): return .bool(value)
    case .string(let text, _, _): return .string(text)
    case .dot: return dot
    case .number(let number, _):
      try at(.operand(node))
      if number.isFloat, let float = number.float { return .float(float) }
      guard let int = number.int else { throw fail("\(number.text) overflows int") }
      return .int(int)
    default: return .nothing
    }
  }
}
