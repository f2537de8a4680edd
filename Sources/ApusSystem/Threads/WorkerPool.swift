internal import CIntrinsics
internal import Glibc

/// A bounded number of threads for work that computes or blocks, so that the cooperative pool,
/// which serves everyone else, never waits for it.
///
/// Use `run` for a synchronous piece of work, or the pool itself as a task's executor:
/// `withTaskExecutorPreference(pool) { ... }`. A thread begins when there is work that no other
/// waits for, and the one that was busy last is woken first: its caches are warm. The threads end
/// when the pool is forgotten and its queue is empty.
package final class WorkerPool: TaskExecutor {
  private let queue: WorkQueue

  package let threadCount: Int

  /// - Parameter name: of the threads, as `top -H` shows it; 15 bytes are kept.
  package init(name: String, threadCount: Int) {
    precondition(threadCount > 0, "a pool of \(threadCount) threads")
    self.threadCount = threadCount
    queue = WorkQueue(name: name, threadCount: threadCount)
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

  /// Whether the calling task runs on one of the threads.
  private var isCurrent: Bool {
    unsafe withUnsafeCurrentTask { task in
      unsafe task?.unownedTaskExecutor == asUnownedTaskExecutor()
    }
  }

  /// Runs `body` on one of the threads; returns at once.
  package func start(_ body: @escaping @Sendable () -> Void) { queue.add(.work(body)) }

  /// Runs `body` on one of the threads and returns what it returns; where the task is on one of
  /// them already, on that one. Work that has begun is not stopped by cancellation; `body` may
  /// look at its own flag.
  package func run<T: Sendable, E: Error>(
    _ body: @escaping @Sendable () throws(E) -> T
  ) async throws(E) -> T {
    if isCurrent { return try body() }
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

  private let name: String
  private let threadCount: Int
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  /// One for each thread, so that it can be chosen which one wakes.
  private let wakes: UnsafeMutablePointer<pthread_cond_t>
  private var entries: [Entry?] = []
  private var first = 0
  private var started = 0
  /// Threads that wait; the last one came last.
  private var idle: [Int] = []
  private var isClosed = false

  init(name: String, threadCount: Int) {
    self.name = name
    self.threadCount = threadCount
    unsafe wakes = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: threadCount)
    unsafe pthread_mutex_init(mutex, nil)
    for i in 0..<threadCount { unsafe pthread_cond_init(wakes + i, nil) }
  }

  deinit {
    for i in 0..<threadCount { unsafe pthread_cond_destroy(wakes + i) }
    unsafe pthread_mutex_destroy(mutex)
    unsafe wakes.deallocate()
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
    let waiting = idle.popLast()
    var newThread: Int?
    if waiting == nil && started < threadCount {
      newThread = started
      started += 1
    }
    unsafe pthread_mutex_unlock(mutex)
    // After the lock is open: the thread would else wake only to wait for it.
    if let waiting { unsafe pthread_cond_signal(wakes + waiting) }
    if let newThread { startThread(newThread) }
  }

  func close() {
    unsafe pthread_mutex_lock(mutex)
    isClosed = true
    unsafe pthread_mutex_unlock(mutex)
    for i in 0..<threadCount { unsafe pthread_cond_signal(wakes + i) }
  }

  /// The next entry, when there is one; nil when the queue is closed and empty.
  private func take(_ thread: Int) -> Entry? {
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    while first == entries.count {
      if isClosed { return nil }
      // It may have woken without having been called, and stand there still.
      if !idle.contains(thread) { idle.append(thread) }
      unsafe pthread_cond_wait(wakes + thread, mutex)
    }
    if let place = idle.lastIndex(of: thread) { idle.remove(at: place) }
    let entry = entries[first]
    entries[first] = nil
    first += 1
    if first == entries.count || first == 1024 {
      entries.removeFirst(first)
      first = 0
    }
    return entry
  }

  private func startThread(_ number: Int) {
    let start = unsafe Unmanaged.passRetained(ThreadStart(queue: self, number: number))
    var thread = pthread_t()
    let code = unsafe pthread_create(&thread, nil, threadMain, start.toOpaque())
    guard code == 0 else { fatalError("cannot start thread \(name): error \(code)") }
    pthread_detach(thread)
  }

  func work(_ thread: Int) {
    unsafe apus_name_thread(name)
    while let entry = take(thread) {
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
  let number: Int

  init(queue: WorkQueue, number: Int) {
    self.queue = queue
    self.number = number
  }
}

private func threadMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let argument = unsafe argument else { return nil }
  let start = unsafe Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
  start.queue.work(start.number)
  return nil
}
