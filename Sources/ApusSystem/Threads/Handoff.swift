internal import Glibc

/// A queue of bounded length from one thread to another; each waits for the other.
@safe package final class Handoff<Element: Sendable>: @unchecked Sendable {
  // Sound because all fields are read and written under `mutex` only.
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let capacity: Int
  private var entries: [Element] = []
  private var isClosed = false

  /// - Parameter capacity: elements that may wait to be taken.
  package init(capacity: Int) {
    precondition(capacity > 0, "a queue of \(capacity)")
    self.capacity = capacity
    unsafe pthread_mutex_init(mutex, nil)
    unsafe pthread_cond_init(changed, nil)
  }

  deinit {
    unsafe pthread_cond_destroy(changed)
    unsafe pthread_mutex_destroy(mutex)
    unsafe changed.deallocate()
    unsafe mutex.deallocate()
  }

  /// Waits for room. False, and nothing is put, if the queue is closed.
  @discardableResult
  package func put(_ element: Element) -> Bool {
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    while entries.count == capacity && !isClosed { unsafe pthread_cond_wait(changed, mutex) }
    guard !isClosed else { return false }
    entries.append(element)
    unsafe pthread_cond_broadcast(changed)
    return true
  }

  /// The oldest element, when there is one; nil when the queue is closed and empty.
  package func take() -> Element? {
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    while entries.isEmpty && !isClosed { unsafe pthread_cond_wait(changed, mutex) }
    guard !entries.isEmpty else { return nil }
    let element = entries.removeFirst()
    unsafe pthread_cond_broadcast(changed)
    return element
  }

  /// No more is put; what waits can still be taken. Closing twice is fine.
  package func close() {
    unsafe pthread_mutex_lock(mutex)
    isClosed = true
    unsafe pthread_cond_broadcast(changed)
    unsafe pthread_mutex_unlock(mutex)
  }
}
