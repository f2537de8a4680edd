/// The messages of remote write.
package enum WriteMessage: String, Sendable, CaseIterable {
  case v1 = "prometheus.WriteRequest"
  case v2 = "io.prometheus.write.v2.Request"
}

/// What kinds of bodies remote write takes.
enum WriteContent {
  private static let mediaType = "application/x-protobuf"

  /// The message that a body holds, or the answer to a body that is not taken. Senders of old name
  /// neither type nor encoding.
  static func message(
    type: String?, encoding: String?, accepted: [WriteMessage]
  ) -> Result<WriteMessage, WriteReceiver.Refusal> {
    var message = WriteMessage.v1
    if let type, !type.isEmpty {
      switch named(in: type) {
      case .success(let named): message = named
      case .failure(let refusal): return .failure(refusal)
      }
    }
    guard accepted.contains(message) else {
      let all = accepted.map(\.rawValue).joined(separator: ", ")
      return refusal(
        "\(message.rawValue) protobuf message is not accepted by this server; only accepts \(all)")
    }
    if let encoding, !encoding.isEmpty, encoding.lowercased() != "snappy" {
      return refusal(
        "\(encoding) encoding (compression) is not accepted by this server; "
          + "only snappy is acceptable")
    }
    return .success(message)
  }

  private static func refusal(_ text: String) -> Result<WriteMessage, WriteReceiver.Refusal> {
    .failure(.init(outcome: .init(status: 415, text: text)))
  }

  private static func named(in type: String) -> Result<WriteMessage, WriteReceiver.Refusal> {
    let parts = type.split(separator: ";", omittingEmptySubsequences: false).map(trimmed)
    guard parts[0] == mediaType else {
      return refusal(
        "expected \(mediaType) as the first (media) part, got \(type) content-type")
    }
    for part in parts.dropFirst() {
      let pair = part.split(separator: "=", omittingEmptySubsequences: false)
      guard pair.count == 2 else {
        return refusal(
          "as per https://www.rfc-editor.org/rfc/rfc9110#parameter expected parameters to be "
            + "key-values, got \(part) in \(type) content-type")
      }
      guard pair[0] == "proto" else { continue }
      if let message = WriteMessage(rawValue: String(pair[1])) { return .success(message) }
      return refusal(
        "got \(type) content type; unknown type for remote write protobuf message \(pair[1]), "
          + "supported: prometheus.WriteRequest, io.prometheus.write.v2.Request")
    }
    return .success(.v1)
  }

  private static func trimmed(_ part: Substring) -> Substring {
    var rest = part
    while rest.first == " " { rest.removeFirst() }
    while rest.last == " " { rest.removeLast() }
    return rest
  }
}
