internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// Gathers an answer on the event loop and gives up where it becomes too large, or hands it on
/// piece by piece.
final class ResponseCollector: HTTPClientResponseDelegate {
  struct Answer: Sendable {
    var status = 0
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []
  }

  struct BodyTooLarge: Error {}

  private let answer = Mutex(Answer())
  private let bodyBytesMax: Int
  private let onPiece: (@Sendable ([UInt8]) async throws -> Void)?

  init(
    bodyBytesMax: Int, onPiece: (@Sendable ([UInt8]) async throws -> Void)? = nil
  ) {
    self.bodyBytesMax = bodyBytesMax
    self.onPiece = onPiece
  }

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
    let isHandedOn = onPiece != nil && head.status == .ok
    if length > bodyBytesMax, !isHandedOn { return task.eventLoop.makeFailedFuture(BodyTooLarge()) }
    return task.eventLoop.makeSucceededVoidFuture()
  }

  func didReceiveBodyPart(
    task: HTTPClient.Task<Answer>, _ buffer: ByteBuffer
  ) -> EventLoopFuture<Void> {
    if let onPiece, answer.withLock({ $0.status == 200 }) {
      let piece = Array(buffer.readableBytesView)
      // The future holds back what comes behind, all the way to the sender.
      return task.eventLoop.makeFutureWithTask { try await onPiece(piece) }
    }
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
