internal import Yams

/// Reads the first document of a YAML file into a tree that is safe to walk: bounded in depth and
/// size, with every key that stands twice marked as such.
struct YAMLDocument {
  let errors: ErrorList
  private var nodesLeft = Limits.nodesMax

  init(errors: ErrorList) { self.errors = errors }

  /// The root; nil for an empty document or where an error was added.
  mutating func parse(_ bytes: [UInt8]) -> YAMLNode? {
    guard bytes.count <= Limits.fileBytesMax else {
      errors.add(
        .file, line: 0, "the file has \(bytes.count) bytes, over \(Limits.fileBytesMax)")
      return nil
    }
    guard var text = String(validating: bytes, as: UTF8.self) else {
      errors.add(
        .syntax, line: lineOfBadByte(bytes), "yaml: invalid leading UTF-8 octet")
      return nil
    }
    if let line = AliasGuard.suspiciousLine(in: text) {
      errors.add(
        .syntax, line: line, "yaml: document contains excessive aliasing: aliases within keys")
      return nil
    }
    var duplicates = DuplicateKeys()
    for _ in 0...Limits.duplicateKeysMax {
      do {
        // Rules that resolve plain scalars would run seven regular expressions for each key.
        let parser = try Yams.Parser(yaml: text, resolver: .basic, encoding: .utf8)
        guard let root = try parser.nextRoot() else { return nil }
        return try convert(root, depth: 0)
      } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
        if let renamed = duplicates.rename(keys, in: text, firstLine: context.mark.line) {
          text = renamed
        } else {
          for key in keys {
            errors.add(
              .field, line: context.mark.line, "key \"\(key)\" already set in map")
          }
          return nil
        }
      } catch {
        report(error)
        return nil
      }
    }
    errors.add(.syntax, line: 0, "more than \(Limits.duplicateKeysMax) keys are set twice")
    return nil
  }

  private func lineOfBadByte(_ bytes: [UInt8]) -> Int {
    var line = 1
    for part in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      if String(validating: part, as: UTF8.self) == nil { return line }
      line += 1
    }
    return line
  }

  private func report(_ error: any Error) {
    switch error {
    case YamlError.scanner(_, let problem, let mark, _),
      YamlError.parser(_, let problem, let mark, _),
      YamlError.composer(_, let problem, let mark, _):
      errors.add(.syntax, line: mark.line, column: mark.column, "yaml: \(problem)")
    case YamlError.reader(let problem, let offset, _, let text):
      let before = text.prefix(offset ?? 0)
      errors.add(
        .syntax, line: offset == nil ? 0 : before.count { $0.isNewline } + 1,
        "yaml: \(problem)")
    case let error as TreeError:
      errors.add(.syntax, line: error.line, error.text)
    default:
      errors.add(.syntax, line: 0, "yaml: \(error)")
    }
  }
}

/// Why a well-formed document is not taken.
private struct TreeError: Error {
  let line: Int
  let text: String
}

extension YAMLDocument {
  fileprivate mutating func convert(_ node: Node, depth: Int) throws -> YAMLNode {
    let line = node.mark?.line ?? 0
    let column = node.mark?.column ?? 0
    guard depth <= Limits.nestingMax else {
      throw TreeError(line: line, text: "yaml: nested deeper than \(Limits.nestingMax)")
    }
    nodesLeft -= 1
    guard nodesLeft > 0 else {
      throw TreeError(line: line, text: "yaml: document contains excessive aliasing")
    }
    let content: YAMLNode.Content
    switch node {
    case .scalar(let scalar):
      content = .scalar(Self.scalar(scalar))
    case .sequence(let sequence):
      var items: [YAMLNode] = []
      for item in sequence { items.append(try convert(item, depth: depth + 1)) }
      content = .sequence(items)
    case .mapping(let mapping):
      content = .mapping(try entries(of: mapping, depth: depth))
    case .alias:
      throw TreeError(line: line, text: "yaml: unknown anchor referenced")
    }
    return YAMLNode(content: content, line: line, column: column)
  }

  private static func scalar(_ scalar: Node.Scalar) -> YAMLScalar {
    YAMLScalar(
      text: scalar.string, isPlain: scalar.style == .plain, tag: scalar.tag.description)
  }

  /// The pairs, and behind them those that merge keys bring and that are not there already.
  private mutating func entries(
    of mapping: Node.Mapping, depth: Int
  ) throws -> [YAMLEntry] {
    var entries: [YAMLEntry] = []
    var merged: [YAMLEntry] = []
    var keys: Set<String> = []
    for (key, value) in mapping {
      guard case .scalar(let scalar) = key else {
        throw TreeError(line: key.mark?.line ?? 0, text: "yaml: a key that is not a text")
      }
      let (name, isRepeated) = DuplicateKeys.original(of: scalar.string)
      let node = try convert(value, depth: depth + 1)
      if name == "<<" && scalar.style == .plain {
        merged += try mergedEntries(node)
        continue
      }
      entries.append(
        YAMLEntry(
          key: name, value: node, line: key.mark?.line ?? 0, column: key.mark?.column ?? 0,
          isRepeated: isRepeated))
      keys.insert(name)
    }
    for entry in merged where keys.insert(entry.key).inserted { entries.append(entry) }
    return entries
  }

  private func mergedEntries(_ node: YAMLNode) throws -> [YAMLEntry] {
    let problem = TreeError(
      line: node.line, text: "yaml: map merge requires map or sequence of maps as the value")
    switch node.content {
    case .mapping(let entries): return entries
    case .sequence(let items):
      return try items.flatMap { item in
        guard case .mapping(let entries) = item.content else { throw problem }
        return entries
      }
    case .scalar: throw problem
    }
  }
}
