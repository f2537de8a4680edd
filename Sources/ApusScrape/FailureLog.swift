internal import ApusSystem
internal import ApusTelemetry
internal import Synchronization

/// The files of failed scrapes (`scrape_failure_log_file`): a JSON line each. A file is opened for
/// every line, so that it may be moved away at any time.
final class FailureLog: Sendable {
  private let files: any FileSystem
  /// Jobs may share a file; one line is written at a time.
  private let turn = Mutex(())

  init(files: any FileSystem) { self.files = files }

  /// Appends a line; blocks for as long as the write takes.
  func write(
    _ failure: String, job: String, target: String, timeMs: Int64, to path: String
  ) throws(PosixError) {
    let line = LogLine.error(
      timeMs: timeMs, source: "ScrapeLoop.swift", message: failure,
      fields: [("job_name", job), ("target", target)])
    let bytes = Array(LogFormat.json.text(line).utf8)
    try turn.withLock { _ throws(PosixError) in
      let file =
        files.exists(path) ? try files.append(to: path) : try files.create(path, .written)
      try file.append(bytes.span)
      try file.close()
    }
  }
}
