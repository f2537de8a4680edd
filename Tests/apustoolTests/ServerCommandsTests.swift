import ApusConfig
import ApusModel
import ApusSystem
import ApusTesting
import Foundation
import Testing

@testable import apustool

@Suite struct ServerCommandsTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  @Test func `a discovery shows labels before and after relabelling`() async throws {
    let targets = try directory.file(
      "t.json", #"[{"targets":["a:1","b:1"],"labels":{"env":"x"}}]"#)
    let config = try directory.file(
      "c.yml",
      """
      scrape_configs:
      - job_name: j
        file_sd_configs: [{files: ['\(targets)']}]
        relabel_configs:
        - {source_labels: [__address__], regex: 'b.*', action: drop}
        - {source_labels: [env], target_label: stage}
      """)
    let clock = Int64(Date().timeIntervalSince1970 * 1_000)
    let result = await tool(
      "check", "service-discovery", "--timeout=0s", config, "j", nowMs: clock)
    #expect(result.status == 0)
    // With no time to wait nothing is found.
    #expect(result.output == "[]" || result.output.contains("\"__address__\": \"a:1\""))
    let unknown = await tool("check", "service-discovery", config, "q")
    #expect(unknown.errors == "Job q not found. Select one of:\n\tj\n")
    #expect(unknown.status == 1)
    let bad = try directory.file("bad.yml", "foo: 1\n")
    #expect(
      await tool("check", "service-discovery", bad, "q").errors.hasPrefix(
        "Cannot load config parsing YAML file \(bad): yaml: unmarshal errors:"))
  }

  @Test func `a report of targets is the JSON of promtool`() throws {
    var job = ScrapeConfig()
    job.jobName = "j"
    job.relabelRules = [
      try RelabelRule(action: .drop, sourceLabels: ["__address__"], regex: "b.*")
    ]
    let group = TargetGroup(
      source: "s", targets: ["a:1", "b:1", "a:1"].map { Labels([Label("__address__", $0)]) },
      labels: ["__meta_x": "1"])
    #expect(
      DiscoveryReport.json([group], job) == """
        [
          {
            "discoveredLabels": {
              "__address__": "a:1",
              "__meta_x": "1",
              "__metrics_path__": "/metrics",
              "__scheme__": "http",
              "__scrape_interval__": "1m",
              "__scrape_timeout__": "10s",
              "job": "j"
            },
            "labels": {
              "__address__": "a:1",
              "__metrics_path__": "/metrics",
              "__scheme__": "http",
              "__scrape_interval__": "1m",
              "__scrape_timeout__": "10s",
              "instance": "a:1",
              "job": "j"
            }
          },
          {
            "discoveredLabels": {
              "__address__": "b:1",
              "__meta_x": "1",
              "__metrics_path__": "/metrics",
              "__scheme__": "http",
              "__scrape_interval__": "1m",
              "__scrape_timeout__": "10s",
              "job": "j"
            },
            "labels": {}
          }
        ]
        """)
    #expect(DiscoveryReport.json([], job) == "[]")
  }

  @Test func `metrics are pushed as a remote write request`() async throws {
    let server = try await LocalServer { _ in .answer(status: 204, body: []) }
    let result = await tool(
      "push", "metrics", "--label=job=x", "--label=a=b", "--header=X-Scope=me", server.url,
      input: "# TYPE c counter\nc{job=\"own\"} 1.5 7\nb 2\n")
    #expect(
      result.output
        == "Parsing standard input\n  SUCCESS: metrics pushed to remote write.\n")
    #expect(result.status == 0)
    let request = try #require(server.requests.first)
    #expect(request.headers["content-encoding"] == "snappy")
    #expect(request.headers["x-prometheus-remote-write-version"] == "0.1.0")
    #expect(request.headers["x-scope"] == "me")
    let body = try Snappy.expand(request.body, maxBytes: 10_000)
    // Two series, b first: its labels a, job and the name, one sample at the time of the push.
    let text = String(decoding: body, as: UTF8.self)
    let order = ["__name__", "b", "a", "b", "job", "x", "__name__", "c", "job", "own"]
    var rest = text[...]
    for word in order {
      let place = try #require(rest.firstRange(of: word), "\(word) is missing")
      rest = rest[place.upperBound...]
    }
    #expect(body[0] == 0x0A)
  }

  @Test func `a push that fails names its file and goes on`() async throws {
    let server = try await LocalServer { request in
      .answer(status: 400, body: Array("no room\nat all".utf8))
    }
    let good = try directory.file("good.prom", "a 1\n")
    let bad = try directory.file("bad.prom", "a{ 1\n")
    let result = await tool("push", "metrics", server.url, bad, good)
    #expect(result.status == 1)
    #expect(
      result.output == "Parsing metrics file \(bad)\nParsing metrics file \(good)\n")
    let errors = result.errors.split(separator: "\n")
    #expect(errors.count == 2)
    #expect(errors.last == "  FAILED: server returned HTTP status 400: no room")
    #expect(server.requests.count == 1)
    let unknown = await tool("push", "metrics", "--protobuf_message=x", server.url, good)
    #expect(unknown.status == 1)
  }

  @Test func `an archive is one that tar reads`() throws {
    var tar = TarArchive()
    tar.add("a.txt", Array("hello".utf8))
    tar.add("b.txt", [UInt8](repeating: 65, count: 513))
    try PosixFileSystem().write(directory["x.tar.gz"], Gzip.compress(tar.finished))
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/tar")
    process.arguments = ["-xzf", directory["x.tar.gz"], "-C", directory.path]
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    #expect(try PosixFileSystem().readText(directory["a.txt"]) == "hello")
    #expect(try PosixFileSystem().read(directory["b.txt"]).count == 513)
  }

  @Test func `a server that is not there ends the command`() async throws {
    let result = await tool("debug", "metrics", "127.0.0.1:1")
    #expect(result.status == 1)
    #expect(result.output == "collecting: 127.0.0.1:1/metrics\n")
    #expect(
      result.errors.hasPrefix("error completing debug command: error executing HTTP request: "))
  }
}
