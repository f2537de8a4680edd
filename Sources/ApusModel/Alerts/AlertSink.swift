/// Door: where firing and resolved alerts go. Never waits for the network.
package protocol AlertSink: Sendable {
  func send(_ alerts: [Alert])
}
