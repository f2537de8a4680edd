/// Bounds of notification.
package enum Limits {
  /// Of an Alertmanager's answer, which nobody reads.
  static let answerBytesMax = 1 << 20
  /// How long alerts are still sent after the server was told to stop.
  static let drainMs: Int64 = 10_000
}
