internal import CIntrinsics
internal import Glibc
internal import Synchronization

/// Runs work that recurses deeply, such as walking a tree of thousands of levels, on a thread of
/// its own with a large stack.
package enum DeepStack {
  /// Bytes of address space that the stack takes. Memory is taken where it is touched, and given
  /// back when the work is done.
  package static let stackBytes = 1 << 30

  /// Waits for `body`, which runs on the new thread.
  /// - Returns: nil where the machine has no thread to give.
  package static func run<Made: Sendable>(_ body: @escaping @Sendable () -> Made) -> Made? {
    let made = Slot<Made>()
    let work = DeepWork { made.fill(body()) }
    var attributes = pthread_attr_t()
    unsafe pthread_attr_init(&attributes)
    defer { unsafe pthread_attr_destroy(&attributes) }
    guard unsafe pthread_attr_setstacksize(&attributes, stackBytes) == 0 else { return nil }
    let start = unsafe Unmanaged.passRetained(work)
    var thread = pthread_t()
    guard unsafe pthread_create(&thread, &attributes, deepMain, start.toOpaque()) == 0 else {
      unsafe start.release()
      return nil
    }
    pthread_join(thread, nil)
    return made.taken()
  }
}

/// What the thread is to do. It forgets it there, too: what a tree's last user forgets is taken
/// apart by recursion.
private final class DeepWork: Sendable {
  private let body: @Sendable () -> Void

  init(_ body: @escaping @Sendable () -> Void) { self.body = body }

  func run() { body() }
}

/// Carries the result from the thread to who waits for it.
private final class Slot<Made: Sendable>: Sendable {
  private let value = Mutex<Made?>(nil)

  func fill(_ made: Made) { value.withLock { $0 = made } }
  func taken() -> Made? { value.withLock { $0 } }
}

private func deepMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let argument = unsafe argument else { return nil }
  unsafe apus_name_thread("deep")
  unsafe Unmanaged<DeepWork>.fromOpaque(argument).takeRetainedValue().run()
  return nil
}
