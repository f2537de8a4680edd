/// The bounds of this room.
enum Limits {
  /// Bytes of a body whose request sets no bound.
  static let bodyBytesMax = 512 << 20
  static let redirectsMax = 10
  /// Connections of one client to one server, beyond which requests wait.
  static let connectionsPerHostMax = 4_096
  /// How long an unused connection is kept, ms.
  static let idleConnectionMs: Int64 = 300_000
  /// Bodies beyond this are expanded on a thread of their own kind, not by the caller.
  static let inlineExpansionBytesMax = 256 << 10
}
