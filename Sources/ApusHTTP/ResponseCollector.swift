internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// Gathers an answer on the event loop and gives up where it becomes too large.
final class ResponseCollector: HTTPClientResponseDelegate {
  struct Answer: Sendable {
    var status = 0
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []
  }

  struct BodyTooLarge: Error {}

  private let answer = Mutex(Answer())
  private let bodyBytesMax: Int

  init(bodyBytesMax: Int) { self.bodyBytesMax = bodyBytesMax }

  /// Whether the answer has begun.
  var hasHead: Bool { answer.withLock { $0.status != 0 } }

  func didReceiveHead(
    task: HTTPClient.Task<Answer>, _ head: HTTPResponseHead
  ) -> EventLoopFuture<Void> {
    let length = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
    answer.withLock {
      $0.status = Int(head.status.code)
      $0.headers = head.headers.map { (name: $0.name, value: $0.value) }
      // The length is a promise; memory is only taken in advance where it is modest.
      $0.body.reserveCapacity(min(max(0, length), 4 << 20))
    }
    if length > bodyBytesMax { return task.eventLoop.makeFailedFuture(BodyTooLarge()) }
    return task.eventLoop.makeSucceededVoidFuture()
  }

  func didReceiveBodyPart(
    task: HTTPClient.Task<Answer>, _ buffer: ByteBuffer
  ) -> EventLoopFuture<Void> {
    let fits = answer.withLock { answer in
      guard answer.body.count + buffer.readableBytes <= bodyBytesMax else { return false }
      answer.body.append(contentsOf: buffer.readableBytesView)
      return true
    }
    return fits
      ? task.eventLoop.makeSucceededVoidFuture()
      : task.eventLoop.makeFailedFuture(BodyTooLarge())
  }

  func didFinishRequest(task: HTTPClient.Task<Answer>) throws -> Answer {
    answer.withLock { $0 }
  }
}
