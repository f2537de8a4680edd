/// A part of a parsed template. `position` is the byte offset that errors point at; `description`
/// is what they quote.
///
/// Source: Go, text/template/parse.
indirect enum TemplateNode: Sendable {
  case text(String, position: Int)
  case action(PipeNode)
  case ifElse(BranchNode)
  case with(BranchNode)
  case range(BranchNode)
  case template(name: String, pipe: PipeNode?, position: Int)
  case breakLoop(position: Int)
  case continueLoop(position: Int)
}

struct BranchNode: Sendable {
  var pipe: PipeNode
  var list: [TemplateNode]
  /// Nil where there is no else.
  var elseList: [TemplateNode]?
}

/// `$x := a | b c`
struct PipeNode: Sendable {
  var position: Int
  var declared: [String] = []
  /// `=` rather than `:=`.
  var isAssignment = false
  var commands: [CommandNode] = []
}

/// A function or a value with its arguments.
struct CommandNode: Sendable {
  var position: Int
  var arguments: [OperandNode] = []
}

indirect enum OperandNode: Sendable {
  case bool(Bool, position: Int)
  case dot(position: Int)
  case null(position: Int)
  case number(NumberConstant, position: Int)
  case string(String, quoted: String, position: Int)
  case field([String], position: Int)
  /// The name with its `$`, then fields.
  case variable([String], position: Int)
  case identifier(String, position: Int)
  case pipe(PipeNode)
  case chain(OperandNode, [String], position: Int)
}

/// A constant as it was written; Go decides late what it is.
struct NumberConstant: Sendable {
  let text: String
  let int: Int64?
  let float: Double?
  /// Written as a float, such as `1.0` or `1e3`.
  let isFloat: Bool
}

extension OperandNode: CustomStringConvertible {
  var position: Int {
    switch self {
    case .bool(_, let position), .dot(let position), .null(let position),
      .number(_, let position), .string(_, _, let position), .field(_, let position),
      .variable(_, let position), .identifier(_, let position), .chain(_, _, let position):
      position
    case .pipe(let pipe): pipe.position
    }
  }

  var description: String {
    switch self {
    case .bool(let value, _): "\(value)"
    case .dot: "."
    case .null: "nil"
    case .number(let number, _): number.text
    case .string(_, let quoted, _): quoted
    case .field(let names, _): "." + names.joined(separator: ".")
    case .variable(let names, _): names.joined(separator: ".")
    case .identifier(let name, _): name
    case .pipe(let pipe): "(\(pipe))"
    case .chain(let node, let names, _): "\(node).\(names.joined(separator: "."))"
    }
  }
}

extension CommandNode: CustomStringConvertible {
  var description: String { arguments.map(\.description).joined(separator: " ") }
}

extension PipeNode: CustomStringConvertible {
  var description: String {
    let inner = commands.map(\.description).joined(separator: " | ")
    if declared.isEmpty { return inner }
    return declared.joined(separator: ", ") + (isAssignment ? " = " : " := ") + inner
  }
}

extension TemplateNode {
  var position: Int {
    switch self {
    case .text(_, let position), .template(_, _, let position), .breakLoop(let position),
      .continueLoop(let position):
      position
    case .action(let pipe): pipe.position
    case .ifElse(let branch), .with(let branch), .range(let branch): branch.pipe.position
    }
  }
}
