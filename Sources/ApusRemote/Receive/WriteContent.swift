/// What kinds of bodies remote write takes.
enum WriteContent {
  private static let mediaType = "application/x-protobuf"
  private static let message = "prometheus.WriteRequest"

  /// The answer to a body that is not taken; nil where it is. Senders of old name neither type
  /// nor encoding.
  static func refusal(type: String?, encoding: String?) -> WriteReceiver.Outcome? {
    if let type, !type.isEmpty, let text = problem(ofType: type) {
      return WriteReceiver.Outcome(status: 415, text: text)
    }
    if let encoding, !encoding.isEmpty, encoding.lowercased() != "snappy" {
      return WriteReceiver.Outcome(
        status: 415,
        text: "\(encoding) encoding (compression) is not accepted by this server; "
          + "only snappy is acceptable")
    }
    return nil
  }

  private static func problem(ofType type: String) -> String? {
    let parts = type.split(separator: ";", omittingEmptySubsequences: false).map(trimmed)
    guard parts[0] == mediaType else {
      return "expected \(mediaType) as the first (media) part, got \(type) content-type"
    }
    for part in parts.dropFirst() {
      let pair = part.split(separator: "=", omittingEmptySubsequences: false)
      guard pair.count == 2 else {
        return "as per https://www.rfc-editor.org/rfc/rfc9110#parameter expected parameters to be "
          + "key-values, got \(part) in \(type) content-type"
      }
      guard pair[0] == "proto" else { continue }
      if pair[1] == message { return nil }
      if pair[1] == "io.prometheus.write.v2.Request" {
        return "\(pair[1]) protobuf message is not accepted by this server; "
          + "only accepts \(message)"
      }
      return "got \(type) content type; unknown type for remote write protobuf message \(pair[1]), "
        + "supported: \(message), io.prometheus.write.v2.Request"
    }
    return nil
  }

  private static func trimmed(_ part: Substring) -> Substring {
    var rest = part
    while rest.first == " " { rest.removeFirst() }
    while rest.last == " " { rest.removeLast() }
    return rest
  }
}
