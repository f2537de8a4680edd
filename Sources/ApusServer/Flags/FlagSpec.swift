/// One command-line flag: what `--help`, the parser and the flags page know of it.
struct FlagSpec: Sendable {
  enum Kind: Sendable {
    /// No value; `--name` and `--no-name`.
    case bool
    case text
    /// May be given more than once.
    case list
    /// `5m`
    case duration
    /// `512MB`
    case bytes
    case number
    /// One of these words.
    case choice([String])
  }

  enum Mode: Sendable {
    case both, server, agent
  }

  let name: String
  let kind: Kind
  /// As the flags page shows it.
  let preset: String
  let mode: Mode
  /// Hidden flags are not in `--help`.
  let isHidden: Bool
  let help: String

  init(
    _ name: String, _ kind: Kind, _ preset: String, _ help: String, mode: Mode = .both,
    isHidden: Bool = false
  ) {
    self.name = name
    self.kind = kind
    self.preset = preset
    self.help = help
    self.mode = mode
    self.isHidden = isHidden
  }
}
