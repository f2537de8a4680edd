/// Bounds of notification.
package enum Limits {
  /// Of an Alertmanager's answer, which nobody reads.
  static let answerBytesMax = 1 << 20
}
