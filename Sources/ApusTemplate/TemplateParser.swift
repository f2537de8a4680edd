internal import ApusModel

/// Tokens to trees, with Go's messages. Source: Go, text/template/parse/parse.go.
struct TemplateParser {
  /// Thrown with the reason in `failure`.
  struct Stop: Error {}

  /// What ends a list of nodes.
  enum ListEnd {
    case end
    case otherwise(isFollowedBy: TemplateTokenKind?)

    var shown: String {
      if case .end = self { return "{{end}}" }
      return "{{else}}"
    }
  }

  let name: String
  let functions: Set<String>
  private let tokens: [TemplateToken]
  private var index = 0
  /// Where the last taken token stands.
  private var previous = 0
  private var variables = ["$"]
  private var rangeDepth = 0
  private var actionLine = 0
  private var depth = 0
  private(set) var failure = ""
  /// Every named template, that of the text itself among them.
  private(set) var trees: [String: [TemplateNode]] = [:]

  init(name: String, text: String, functions: Set<String>) {
    self.name = name
    self.functions = functions
    var lexer = TemplateLexer(text)
    var tokens: [TemplateToken] = []
    while true {
      let token = lexer.next()
      tokens.append(token)
      if token.kind == .end || token.kind == .error { break }
    }
    self.tokens = tokens
  }

  mutating func parse() throws(Stop) {
    var root: [TemplateNode] = []
    while peek().kind != .end {
      if peek().kind == .leftDelimiter {
        let start = index
        next()
        if nextNonSpace().kind == .define {
          try definition()
          continue
        }
        index = start
      }
      let (node, end) = try textOrAction()
      if let end { throw fail("unexpected \(end.shown)") }
      if let node { root.append(node) }
    }
    add(name, root)
  }

  /// An empty text does not replace a definition.
  private mutating func add(_ name: String, _ list: [TemplateNode]) {
    if trees[name] == nil || !TemplateParser.isEmpty(list) { trees[name] = list }
  }

  private static func isEmpty(_ list: [TemplateNode]) -> Bool {
    list.allSatisfy { node in
      if case .text(let text, _) = node {
        return text.utf8.allSatisfy { TemplateLexer.isSpace($0) }
      }
      return false
    }
  }

  // MARK: Tokens

  private func peek() -> TemplateToken { tokens[index] }

  @discardableResult
  private mutating func next() -> TemplateToken {
    previous = index
    let token = tokens[index]
    if index < tokens.count - 1 { index += 1 }
    return token
  }

  private mutating func nextNonSpace() -> TemplateToken {
    while peek().kind == .space { next() }
    return next()
  }

  private mutating func peekNonSpace() -> TemplateToken {
    while peek().kind == .space { next() }
    return peek()
  }

  /// Takes back the last token.
  private mutating func backUp() { index = previous }

  // MARK: Errors

  private mutating func fail(_ message: String) -> Stop {
    // Go takes the line of the last token it has read.
    failure = "template: \(name):\(tokens[previous].line): \(message)"
    return Stop()
  }

  private mutating func unexpected(_ token: TemplateToken, _ context: String) -> Stop {
    if token.kind == .error {
      var extra = ""
      if actionLine != 0 && actionLine != token.line {
        extra = " in action started at \(name):\(actionLine)"
        if token.text.hasSuffix(" action") { extra = String(extra.dropFirst(10)) }
      }
      failure = "template: \(name):\(token.line): \(token.text)\(extra)"
      return Stop()
    }
    failure =
      "template: \(name):\(token.line): unexpected \(TemplateParser.describe(token)) in \(context)"
    return Stop()
  }

  private static func describe(_ token: TemplateToken) -> String {
    if token.kind == .end { return "EOF" }
    if token.kind.isKeyword { return "<\(token.text)>" }
    let scalars = token.text.unicodeScalars
    if token.text.utf8.count > 10 {
      return GoQuote.quote(String(String.UnicodeScalarView(scalars.prefix(10)))) + "..."
    }
    return GoQuote.quote(token.text)
  }

  private mutating func expect(
    _ kind: TemplateTokenKind, _ context: String
  ) throws(Stop) -> TemplateToken {
    let token = nextNonSpace()
    if token.kind != kind { throw unexpected(token, context) }
    return token
  }

  private mutating func nested<Result>(
    _ body: (inout TemplateParser) throws(Stop) -> Result
  ) throws(Stop) -> Result {
    depth += 1
    defer { depth -= 1 }
    if depth > Limits.depthMax { throw fail("max nesting depth exceeded") }
    return try body(&self)
  }

  // MARK: Clauses

  private mutating func definition() throws(Stop) {
    let context = "define clause"
    let title = try templateName(nextNonSpace(), context)
    _ = try expect(.rightDelimiter, context)
    let outer = (variables, rangeDepth)
    (variables, rangeDepth) = (["$"], 0)
    let (list, end) = try itemList()
    if case .otherwise = end { throw fail("unexpected \(end.shown) in \(context)") }
    (variables, rangeDepth) = outer
    add(title, list)
  }

  private mutating func itemList() throws(Stop) -> ([TemplateNode], ListEnd) {
    var list: [TemplateNode] = []
    while peekNonSpace().kind != .end {
      let (node, end) = try textOrAction()
      if let end { return (list, end) }
      if let node { list.append(node) }
    }
    throw fail("unexpected EOF")
  }

  private mutating func textOrAction() throws(Stop) -> (TemplateNode?, ListEnd?) {
    let token = nextNonSpace()
    switch token.kind {
    case .text: return (.text(token.text, position: token.position), nil)
    case .leftDelimiter:
      actionLine = token.line
      defer { actionLine = 0 }
      return try nested { (parser) throws(Stop) in try parser.action() }
    default: throw unexpected(token, "input")
    }
  }

  private mutating func action() throws(Stop) -> (TemplateNode?, ListEnd?) {
    let token = nextNonSpace()
    switch token.kind {
    case .block: return (try block(), nil)
    case .breakWord, .continueWord: return (try loopControl(token), nil)
    case .elseWord: return (nil, try elseControl())
    case .endWord:
      _ = try expect(.rightDelimiter, "end")
      return (nil, .end)
    case .ifWord: return (.ifElse(try control("if")), nil)
    case .range: return (.range(try control("range")), nil)
    case .template: return (try templateCall(), nil)
    case .with: return (.with(try control("with")), nil)
    default:
      if token.kind == .error || token.kind == .end { throw unexpected(token, "command") }
      backUp()
      return (.action(try pipeline("command", until: .rightDelimiter)), nil)
    }
  }

  private mutating func elseControl() throws(Stop) -> ListEnd {
    let follower = peekNonSpace().kind
    if follower == .ifWord || follower == .with { return .otherwise(isFollowedBy: follower) }
    _ = try expect(.rightDelimiter, "else")
    return .otherwise(isFollowedBy: nil)
  }

  private mutating func loopControl(_ token: TemplateToken) throws(Stop) -> TemplateNode {
    let shown = "{{\(token.text)}}"
    let closing = nextNonSpace()
    if closing.kind != .rightDelimiter { throw unexpected(closing, shown) }
    if rangeDepth == 0 { throw fail("\(shown) outside {{range}}") }
    return token.kind == .breakWord
      ? .breakLoop(position: token.position) : .continueLoop(position: token.position)
  }

  /// `if`, `with` or `range` up to its end.
  private mutating func control(_ context: String) throws(Stop) -> BranchNode {
    let mark = variables.count
    defer { variables.removeSubrange(mark...) }
    let pipe = try pipeline(context, until: .rightDelimiter)
    if context == "range" { rangeDepth += 1 }
    let (list, end) = try itemList()
    if context == "range" { rangeDepth -= 1 }
    var branch = BranchNode(pipe: pipe, list: list, elseList: nil)
    guard case .otherwise(let follower) = end else { return branch }
    if context == "if" && follower == .ifWord || context == "with" && follower == .with {
      next()
      let inner = try nested { (parser) throws(Stop) in try parser.control(context) }
      branch.elseList = [context == "if" ? .ifElse(inner) : .with(inner)]
      return branch
    }
    if follower != nil { throw unexpected(nextNonSpace(), "input") }
    let (elseList, closing) = try itemList()
    if case .otherwise = closing { throw fail("expected end; found \(closing.shown)") }
    branch.elseList = elseList
    return branch
  }

  private mutating func templateName(
    _ token: TemplateToken, _ context: String
  ) throws(Stop) -> String {
    guard token.kind == .string || token.kind == .rawString else {
      throw unexpected(token, context)
    }
    guard let title = GoUnquote.unquote(token.text) else { throw fail("invalid syntax") }
    return title
  }

  private mutating func templateCall() throws(Stop) -> TemplateNode {
    let context = "template clause"
    let token = nextNonSpace()
    let title = try templateName(token, context)
    var pipe: PipeNode?
    if peekNonSpace().kind == .rightDelimiter {
      next()
    } else {
      pipe = try pipeline(context, until: .rightDelimiter)
    }
    return .template(name: title, pipe: pipe, position: token.position)
  }

  private mutating func block() throws(Stop) -> TemplateNode {
    let context = "block clause"
    let token = nextNonSpace()
    let title = try templateName(token, context)
    let pipe = try pipeline(context, until: .rightDelimiter)
    let outer = (variables, rangeDepth)
    (variables, rangeDepth) = (["$"], 0)
    let (list, end) = try itemList()
    if case .otherwise = end { throw fail("unexpected \(end.shown) in \(context)") }
    (variables, rangeDepth) = outer
    add(title, list)
    return .template(name: title, pipe: pipe, position: token.position)
  }
}

// MARK: Pipelines

extension TemplateParser {
  private mutating func pipeline(
    _ context: String, until end: TemplateTokenKind
  ) throws(Stop) -> PipeNode {
    var pipe = PipeNode(position: peekNonSpace().position)
    try declarations(&pipe, context)
    while true {
      let token = nextNonSpace()
      if token.kind == end {
        try check(pipe, context)
        return pipe
      }
      switch token.kind {
      case .bool, .characterConstant, .dot, .field, .identifier, .number, .null, .rawString,
        .string, .variable, .leftParen:
        backUp()
        pipe.commands.append(try command())
      default: throw unexpected(token, context)
      }
    }
  }

  private mutating func declarations(_ pipe: inout PipeNode, _ context: String) throws(Stop) {
    while peekNonSpace().kind == .variable {
      let start = index
      let variable = next()
      let follower = peekNonSpace()
      switch follower.kind {
      case .assign, .declare:
        pipe.isAssignment = follower.kind == .assign
        next()
        pipe.declared.append(variable.text)
        variables.append(variable.text)
        return
      case .character where follower.text == ",":
        next()
        pipe.declared.append(variable.text)
        variables.append(variable.text)
        guard context == "range", pipe.declared.count < 2 else {
          throw fail("too many declarations in \(context)")
        }
        switch peekNonSpace().kind {
        case .variable, .rightDelimiter, .rightParen: continue
        default: throw fail("range can only initialize variables")
        }
      default:
        index = start
        return
      }
    }
  }

  private mutating func check(_ pipe: PipeNode, _ context: String) throws(Stop) {
    if pipe.commands.isEmpty { throw fail("missing value for \(context)") }
    for (i, command) in pipe.commands.enumerated().dropFirst() {
      switch command.arguments[0] {
      case .bool, .dot, .null, .number, .string:
        throw fail("non executable command in pipeline stage \(i + 1)")
      default: continue
      }
    }
  }

  private mutating func command() throws(Stop) -> CommandNode {
    var command = CommandNode(position: peekNonSpace().position)
    loop: while true {
      _ = peekNonSpace()
      if let operand = try operand() { command.arguments.append(operand) }
      let token = next()
      switch token.kind {
      case .space: continue
      case .rightDelimiter, .rightParen:
        backUp()
        break loop
      case .pipe: break loop
      default: throw unexpected(token, "operand")
      }
    }
    if command.arguments.isEmpty { throw fail("empty command") }
    return command
  }

  private mutating func operand() throws(Stop) -> OperandNode? {
    guard let node = try term() else { return nil }
    guard peek().kind == .field else { return node }
    let position = peek().position
    var names: [String] = []
    while peek().kind == .field { names.append(String(next().text.dropFirst())) }
    switch node {
    case .field(let first, _): return .field(first + names, position: position)
    case .variable(let first, _): return .variable(first + names, position: position)
    case .bool, .string, .number, .null, .dot:
      throw fail("unexpected . after term \(GoQuote.quote("\(node)"))")
    default: return .chain(node, names, position: position)
    }
  }

  private mutating func term() throws(Stop) -> OperandNode? {
    let token = nextNonSpace()
    switch token.kind {
    case .identifier:
      if !functions.contains(token.text) {
        throw fail("function \(GoQuote.quote(token.text)) not defined")
      }
      return .identifier(token.text, position: token.position)
    case .dot: return .dot(position: token.position)
    case .null: return .null(position: token.position)
    case .variable:
      if !variables.contains(token.text) {
        throw fail("undefined variable \(GoQuote.quote(token.text))")
      }
      return .variable([token.text], position: token.position)
    case .field:
      return .field([String(token.text.dropFirst())], position: token.position)
    case .bool: return .bool(token.text == "true", position: token.position)
    case .characterConstant, .number:
      guard let number = NumberConstant(token.text) else {
        let kind =
          token.kind == .number ? "illegal number syntax: " : "malformed character constant: "
        let shown = token.kind == .number ? GoQuote.quote(token.text) : token.text
        throw fail(kind + shown)
      }
      return .number(number, position: token.position)
    case .leftParen:
      return .pipe(
        try nested { (parser) throws(Stop) in
          try parser.pipeline("parenthesized pipeline", until: .rightParen)
        })
    case .string, .rawString:
      guard let text = GoUnquote.unquote(token.text) else { throw fail("invalid syntax") }
      return .string(text, quoted: token.text, position: token.position)
    case .error: throw unexpected(token, "operand")
    case .end: throw unexpected(token, "operand")
    default:
      backUp()
      return nil
    }
  }
}
