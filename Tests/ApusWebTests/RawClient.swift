import NIOCore
import NIOPosix

/// Sends bytes to a server and reads what comes back, with nothing in between.
struct RawClient {
  private let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>

  static func connect(port: Int) async throws -> RawClient {
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .connect(host: "127.0.0.1", port: port) { channel in
        channel.eventLoop.makeCompletedFuture {
          try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
        }
      }
    return RawClient(channel: channel)
  }

  /// Sends a request, and reads until `isEnough` or the server closes.
  func exchange(
    _ request: String, until isEnough: @escaping @Sendable (String) -> Bool = { _ in false }
  ) async throws -> String {
    try await channel.executeThenClose { inbound, outbound in
      try await outbound.write(ByteBuffer(string: request))
      var text = ""
      for try await part in inbound {
        text += String(buffer: part)
        if isEnough(text) { break }
      }
      return text
    }
  }

  /// Sends several requests one after the other on this connection.
  func exchange(_ requests: [String], answerEndsWith end: String) async throws -> [String] {
    try await channel.executeThenClose { inbound, outbound in
      var iterator = inbound.makeAsyncIterator()
      var answers: [String] = []
      for request in requests {
        try await outbound.write(ByteBuffer(string: request))
        var text = ""
        while !text.hasSuffix(end), let part = try await iterator.next() {
          text += String(buffer: part)
        }
        answers.append(text)
      }
      return answers
    }
  }

  /// Sends a request and goes away without reading.
  func sendAndLeave(_ request: String, when isTime: @escaping @Sendable () async -> Void)
    async throws
  {
    try await channel.executeThenClose { _, outbound in
      try await outbound.write(ByteBuffer(string: request))
      await isTime()
    }
  }
}
