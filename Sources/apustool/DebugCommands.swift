internal import ApusHTTP
internal import ApusSystem
internal import ArgumentParser

/// `debug ...`
struct Debug: CommandGroup {
  static let configuration = CommandConfiguration(
    commandName: "debug", abstract: "Fetch debug information.",
    subcommands: [DebugPprof.self, DebugMetrics.self, DebugAll.self])
}

/// `debug pprof <server>`
struct DebugPprof: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pprof", abstract: "Fetch profiling debug information.")

  @OptionGroup var global: GlobalOptions
  @Argument(help: "Prometheus server to get pprof files from.") var server: String

  func run() async throws { try await DebugArchive(server).write(DebugArchive.profiles) }
}

/// `debug metrics <server>`
struct DebugMetrics: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "metrics", abstract: "Fetch metrics debug information.")

  @OptionGroup var global: GlobalOptions
  @Argument(help: "Prometheus server to get metrics from.") var server: String

  func run() async throws { try await DebugArchive(server).write(DebugArchive.metrics) }
}

/// `debug all <server>`
struct DebugAll: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "all", abstract: "Fetch all debug information.")

  @OptionGroup var global: GlobalOptions
  @Argument(help: "Prometheus server to get all debug information from.") var server: String

  func run() async throws {
    try await DebugArchive(server).write(DebugArchive.profiles + DebugArchive.metrics)
  }
}

/// What a server tells of itself, gathered into `debug.tar.gz` in the working directory.
struct DebugArchive {
  struct Page {
    let path: String
    let file: String
  }

  static let profiles = [
    Page(path: "/debug/pprof/profile?seconds=30", file: "cpu.pb"),
    Page(path: "/debug/pprof/block", file: "block.pb"),
    Page(path: "/debug/pprof/goroutine", file: "goroutine.pb"),
    Page(path: "/debug/pprof/heap", file: "heap.pb"),
    Page(path: "/debug/pprof/mutex", file: "mutex.pb"),
    Page(path: "/debug/pprof/threadcreate", file: "threadcreate.pb"),
    Page(path: "/debug/pprof/trace?seconds=30", file: "trace.pb"),
  ]
  static let metrics = [Page(path: "/metrics", file: "metrics.txt")]

  static let name = "debug.tar.gz"

  private let server: String

  init(_ server: String) { self.server = server }

  func write(_ pages: [Page]) async throws {
    var tar = TarArchive()
    let fetcher = try ClientFile.fetcher("")
    for page in pages {
      let url = server + page.path
      Output.line("collecting: \(url)")
      let answer: FetchResponse
      do {
        answer = try await fetcher.fetch(
          FetchRequest(url: url.contains("://") ? url : "http://\(url)", timeoutMs: 90_000))
      } catch {
        throw failure("error executing HTTP request: \(error)")
      }
      guard answer.status == 200 else {
        throw failure("error executing HTTP request: \(url) answered with \(answer.status)")
      }
      tar.add(page.file, answer.body)
    }
    do throws(PosixError) {
      try PosixFileSystem().write(Self.name, Gzip.compress(tar.finished))
    } catch {
      throw failure("error creating a new archiver: \(error)")
    }
    Output.line(
      "Compiling debug information complete, all files written in \"\(Self.name)\".")
  }

  private func failure(_ text: String) -> CommandFailure {
    CommandFailure("error completing debug command: \(text)")
  }
}

/// A tar archive (ustar) of plain files.
///
/// Each file is a header of 512 bytes, its bytes, and zeros up to a multiple of 512; two blocks of
/// zeros end the archive.
struct TarArchive {
  private static let blockBytes = 512
  private var bytes: [UInt8] = []

  mutating func add(_ name: String, _ content: [UInt8]) {
    var header = [UInt8](repeating: 0, count: Self.blockBytes)
    func put(_ text: String, at offset: Int) {
      for (i, byte) in text.utf8.enumerated() { header[offset + i] = byte }
    }
    put(String(name.prefix(99)), at: 0)
    put("0000644", at: 100)
    put("0000000", at: 108)
    put("0000000", at: 116)
    put(content.count.padded(to: 11, radix: 8), at: 124)
    put(0.padded(to: 11, radix: 8), at: 136)
    put("0", at: 156)
    put("ustar", at: 257)
    put("00", at: 263)
    // The sum counts its own field as spaces.
    put("        ", at: 148)
    let sum = header.reduce(0) { $0 + Int($1) }
    put(sum.padded(to: 6, radix: 8) + "\0 ", at: 148)
    bytes += header + content
    let rest = content.count % Self.blockBytes
    if rest > 0 { bytes += [UInt8](repeating: 0, count: Self.blockBytes - rest) }
  }

  var finished: [UInt8] { bytes + [UInt8](repeating: 0, count: 2 * Self.blockBytes) }
}
