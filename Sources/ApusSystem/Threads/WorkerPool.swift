internal import CIntrinsics
internal import Glibc

/// A fixed number of threads for work that computes or blocks, so that the cooperative pool, which
/// serves everyone else, never waits for it.
///
/// Use `run` for a synchronous piece of work, or the pool itself as a task's executor:
/// `withTaskExecutorPreference(pool) { ... }`. The threads end when the pool is forgotten and its
/// queue is empty.
package final class WorkerPool: TaskExecutor {
  private let queue: WorkQueue

  package let threadCount: Int

  /// - Parameter name: of the threads, as `top -H` shows it; 15 bytes are kept.
  package init(name: String, threadCount: Int) {
    precondition(threadCount > 0, "a pool of \(threadCount) threads")
    self.threadCount = threadCount
    queue = WorkQueue()
    for _ in 0..<threadCount { queue.startThread(name: name) }
  }

  deinit { queue.close() }

  /// Number of processors that this process may use.
  package static var processorCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

  /// Pieces of work that wait for a thread.
  package var waitingCount: Int { queue.waitingCount }

  package func enqueue(_ job: consuming ExecutorJob) {
    unsafe queue.add(WorkQueue.Entry.job(UnownedJob(job), self))
  }

  package func asUnownedTaskExecutor() -> UnownedTaskExecutor {
    unsafe UnownedTaskExecutor(ordinary: self)
  }

  /// Runs `body` on one of the threads; returns at once.
  package func start(_ body: @escaping @Sendable () -> Void) { queue.add(.work(body)) }

  /// Runs `body` on one of the threads and returns what it returns. Work that has begun is not
  /// stopped by cancellation; `body` may look at its own flag.
  package func run<T: Sendable, E: Error>(
    _ body: @escaping @Sendable () throws(E) -> T
  ) async throws(E) -> T {
    let result: Result<T, E> = await withCheckedContinuation { continuation in
      queue.add(
        .work {
          continuation.resume(returning: Result { () throws(E) in try body() })
        })
    }
    return try result.get()
  }
}

/// What the threads of a pool take their work from.
@safe private final class WorkQueue: @unchecked Sendable {
  // Sound because all fields are read and written under `mutex` only.
  enum Entry {
    case work(@Sendable () -> Void)
    /// The pool goes along, so that it lives until its last job has run.
    case job(UnownedJob, WorkerPool)
  }

  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let filled = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var entries: [Entry?] = []
  private var first = 0
  private var isClosed = false

  init() {
    unsafe pthread_mutex_init(mutex, nil)
    unsafe pthread_cond_init(filled, nil)
  }

  deinit {
    unsafe pthread_cond_destroy(filled)
    unsafe pthread_mutex_destroy(mutex)
    unsafe filled.deallocate()
    unsafe mutex.deallocate()
  }

  var waitingCount: Int {
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    return entries.count - first
  }

  func add(_ entry: Entry) {
    unsafe pthread_mutex_lock(mutex)
    entries.append(entry)
    unsafe pthread_cond_signal(filled)
    unsafe pthread_mutex_unlock(mutex)
  }

  func close() {
    unsafe pthread_mutex_lock(mutex)
    isClosed = true
    unsafe pthread_cond_broadcast(filled)
    unsafe pthread_mutex_unlock(mutex)
  }

  /// The next entry, when there is one; nil when the queue is closed and empty.
  private func take() -> Entry? {
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    while first == entries.count {
      if isClosed { return nil }
      unsafe pthread_cond_wait(filled, mutex)
    }
    let entry = entries[first]
    entries[first] = nil
    first += 1
    if first == entries.count || first == 1024 {
      entries.removeFirst(first)
      first = 0
    }
    return entry
  }

  func startThread(name: String) {
    let start = unsafe Unmanaged.passRetained(ThreadStart(queue: self, name: name))
    var thread = pthread_t()
    let code = unsafe pthread_create(&thread, nil, threadMain, start.toOpaque())
    guard code == 0 else { fatalError("cannot start thread \(name): error \(code)") }
    pthread_detach(thread)
  }

  func work() {
    while let entry = take() {
      switch entry {
      case .work(let body): body()
      case .job(let job, let pool):
        unsafe job.runSynchronously(on: pool.asUnownedTaskExecutor())
      }
    }
  }
}

private final class ThreadStart {
  let queue: WorkQueue
  let name: String

  init(queue: WorkQueue, name: String) {
    self.queue = queue
    self.name = name
  }
}

private func threadMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let argument = unsafe argument else { return nil }
  let start = unsafe Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
  unsafe apus_name_thread(start.name)
  start.queue.work()
  return nil
}
