/// Bounds on what a configuration or rule file may hold.
package enum Limits {
  package static let fileBytesMax = 64 << 20
  /// Mappings and sequences inside one another.
  package static let nestingMax = 100
  /// Nodes of a file after aliases stand for what they name: a bomb of aliases ends here.
  package static let nodesMax = 4_000_000
  /// Keys found twice that are reported one by one.
  package static let duplicateKeysMax = 100
  /// Aliases up to which no combination of them can take long, whatever they stand for.
  package static let harmlessAliasesMax = 40
}
