import ApusModel
import ApusStorage
import ApusSystem
import ApusTSDB
import ApusTelemetry
import ApusWeb
import Synchronization
import Testing

@testable import ApusServer

struct WebSetupTests {
  /// Every start of a store begins a new segment of its log.
  private func startedTwice() async throws -> MemoryFileSystem {
    let files = MemoryFileSystem()
    for value in 0..<2 {
      let wiring = try Wiring(files: files)
      try await wiring.serving {
        let refs = try wiring.parts.storage.resolve([["__name__": "up"]])
        var batch = AppendBatch()
        batch.append(
          refs[0], timeMs: wiring.parts.clock.nowMs + Int64(value), value: Double(value))
        _ = try wiring.parts.storage.append(batch)
      }
    }
    return files
  }

  @Test func `before the log is replayed the server says so, and what it waits for`() async throws {
    let wiring = try Wiring(files: MemoryFileSystem())
    #expect(
      await wiring.text("/api/v1/status/walreplay")
        == #"{"status":"success","data":{"min":0,"max":0,"current":0,"state":"waiting"}}"#)
    for path in ["/-/ready", "/api/v1/query?query=1", "/api/v1/status/tsdb/blocks"] {
      let answer = await wiring.get(path)
      #expect(answer.status == 503)
      #expect(answer.bodyText == "Service Unavailable")
      #expect(answer.header("X-Prometheus-Stopping") == "false")
    }
    #expect(await wiring.get("/-/healthy").status == 200)
    #expect(
      await wiring.text("/api/v1/notifications").contains(
        "Prometheus is starting and replaying the write-ahead log (WAL)."))
  }

  @Test func `while the log is replayed its segments are counted`() async throws {
    let files = try await startedTwice()
    let seen = Mutex<[ReplayProgress.State]>([])
    let progress = Mutex<ReplayProgress?>(nil)
    let watched = WatchedFiles(files) { path in
      guard path.contains("/wal/"), let state = progress.withLock({ $0?.state }) else { return }
      seen.withLock { $0.append(state) }
    }
    let wiring = try Wiring(files: files, seenAs: watched)
    progress.withLock { $0 = wiring.parts.storage.replay }
    try await wiring.serving {
      #expect(
        await wiring.text("/api/v1/status/walreplay").hasSuffix(
          #""data":{"min":0,"max":1,"current":1,"state":"done"}}"#))
      #expect(await wiring.get("/-/ready").status == 200)
      #expect(await wiring.text("/api/v1/notifications").hasSuffix(#""data":[]}"#))
    }
    let states = seen.withLock { $0 }.filter { $0.phase == .inProgress }
    #expect(states.count == 2)
    #expect(states.map(\.lastSegment) == [1, 1])
    #expect(states.map(\.currentSegment) == [0, 0])
  }

  @Test func `while it stops the server answers 503 and says why`() async throws {
    let wiring = try Wiring(files: MemoryFileSystem())
    try await wiring.serving {
      wiring.parts.phase.stop(atMs: 1_767_225_600_000)
      let answer = await wiring.get("/-/ready")
      #expect(answer.status == 503)
      #expect(answer.header("X-Prometheus-Stopping") == "true")
      let text = await wiring.text("/api/v1/notifications")
      #expect(
        text.contains("Prometheus is shutting down and gracefully stopping all operations."))
      #expect(text.contains(#""date":"2026-01-01T00:00:00Z","active":true"#))
    }
  }

  @Test func `the end of the control part begins the end of the process`() async throws {
    let wiring = try Wiring(files: MemoryFileSystem())
    wiring.control.quit()
    try await wiring.control.run()
    #expect(wiring.parts.phase.isStopping)
  }

  @Test func `blocks are shown as their meta files have them`() async throws {
    let files = MemoryFileSystem()
    let ulid = "01H00000000000000000000000"
    try files.makeDirectory("/data/\(ulid)")
    let wiring = try Wiring(files: files, ["--storage.tsdb.min-block-duration=2h"])
    try await wiring.serving {
      // A block of what the head holds.
      let now = wiring.parts.clock.nowMs
      let refs = try wiring.parts.storage.resolve([["__name__": "up"]])
      var batch = AppendBatch()
      batch.append(refs[0], timeMs: now, value: 1)
      _ = try wiring.parts.storage.append(batch)
      #expect(await wiring.text("/api/v1/status/tsdb/blocks").hasSuffix(#"{"blocks":[]}}"#))
      let name = try wiring.parts.storage.snapshot(skipHead: false)
      for block in try files.list("/data/snapshots/\(name)") {
        try files.rename("/data/snapshots/\(name)/\(block)", to: "/data/\(block)")
      }
    }
    let again = try Wiring(files: files)
    try await again.serving {
      let text = await again.text("/api/v1/status/tsdb/blocks")
      #expect(text.contains(#""minTime""#))
      #expect(text.contains(#""numSeries""#))
      #expect(again.parts.storage.blocks.count == 1)
    }
  }

  @Test func `queries that the last process did not finish are named in the log`() async throws {
    let files = MemoryFileSystem()
    try files.makeDirectory("/data")
    let unfinished = Array("[{\"query\":\"sum(heavy)\",\"timestamp_sec\":1},\0\0".utf8)
    try files.write("/data/queries.active", unfinished)
    let wiring = try Wiring(files: files, ["--query.max-concurrency=3"])
    // Not before the directory is ours.
    let before = try files.read("/data/queries.active")
    #expect(before == unfinished)
    try await wiring.serving {
      let line = wiring.lines.first(containing: "didn't finish in prometheus' last run")
      #expect(line?.contains(#"[{\"query\":\"sum(heavy)\",\"timestamp_sec\":1}]"#) == true)
      let begun = try files.status("/data/queries.active")
      #expect(begun?.sizeBytes == 3001)
      #expect(await wiring.get("/api/v1/query?query=up").status == 200)
      let left = try files.read("/data/queries.active")
      #expect(left.allSatisfy { $0 == 0 || $0 == UInt8(ascii: "[") })
    }
  }

  @Test func `features follow the flags`() async throws {
    let plain = try Wiring(files: MemoryFileSystem())
    try await plain.serving {
      let text = await plain.text("/api/v1/features")
      #expect(text.contains(#"{"status":"success","data":{"api":{"admin":false,"#))
      #expect(text.contains(#""limit_ratio":false"#))
      #expect(text.contains(#""mad_over_time":false"#))
      #expect(text.contains(#""rate":true"#))
      #expect(text.contains(#""templating_functions":{"args":true,"externalURL":true,"#))
    }
    let all = try Wiring(
      files: MemoryFileSystem(),
      ["--web.enable-admin-api", "--enable-feature=promql-experimental-functions"])
    try await all.serving {
      let text = await all.text("/api/v1/features")
      #expect(text.contains(#"{"api":{"admin":true,"#))
      #expect(text.contains(#""limit_ratio":true"#))
      #expect(text.contains(#""mad_over_time":true"#))
    }
  }
}

extension WebResponse {
  fileprivate var bodyText: String { String(decoding: wholeBody(), as: UTF8.self) }
}
