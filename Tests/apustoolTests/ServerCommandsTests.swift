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

  @Test func `the use of buckets is told of each histogram and of all`() async throws {
    let server = try await LocalServer { _ in
      .answer(
        body: Array(
          """
          {"status":"success","data":{"resultType":"matrix","result":[
          {"metric":{"__name__":"h","job":"a"},"histograms":[
          [1,{"count":"2","sum":"1","buckets":[[0,"0.5","1","2"]]}],
          [2,{"count":"5","sum":"1","buckets":[[0,"0.5","1","2"],[0,"1","2","3"]]}]]},
          {"metric":{"__name__":"c_bucket","job":"a","le":"+Inf"},"values":[[1,"3"],[2,"4"]]},
          {"metric":{"__name__":"c_bucket","job":"a","le":"1"},"values":[[1,"1"],[2,"2"]]},
          {"metric":{"__name__":"c_bucket","job":"a","le":"2"},"values":[[1,"1"],[2,"4"]]},
          {"metric":{"__name__":"other"},"values":[[1,"1"],[2,"4"]]}]}}
          """.utf8))
    }
    let result = await tool(
      "query", "analyze", "--server=\(server.url)", "--type=histogram", "--match=h")
    #expect(result.errors == "")
    #expect(
      result.output.hasPrefix(
        "Bucket stats for each histogram series over time\n-------"))
    #expect(
      result.output.hasSuffix(
        """
        which is typical for classic but not native histograms).

        - h{job="a"} (native): 1/1.500/2
        - c_bucket{job="a"} (classic): 2/2.000/2/3

        Aggregated bucket stats
        -----------------------
        Each line shows min/avg/max over the series above.

        Native histogram series (1 in total):
        - min populated: 1/1.000/1
        - avg populated: 1/1.000/1
        - max populated: 2/2.000/2

        Classic histogram series (1 in total):
        - min populated: 2/2.000/2
        - avg populated: 2/2.000/2
        - max populated: 2/2.000/2
        - total: 3/3.000/3

        """))
    let form = String(decoding: server.requests.first?.body ?? [], as: UTF8.self)
    #expect(form.contains("query=h%5B1h0m0s%5D"))
    let bad = await tool(
      "query", "analyze", "--server=\(server.url)", "--type=x", "--match=h")
    #expect(bad.errors == "analyze type is x, must be 'histogram'\n")
    #expect(bad.status == 1)
  }

  @Test func `rules that select what a server does not have are named`() async throws {
    let server = try await LocalServer { request in
      let data = request.target.contains("gone") ? "[]" : #"[{"__name__":"up"}]"#
      return .answer(body: Array(#"{"status":"success","data":\#(data)}"#.utf8))
    }
    let file = try directory.file(
      "r.yml",
      """
      groups:
      - name: g
        rules:
        - {record: made, expr: sum(up)}
        - {alert: A, expr: 'made > rate(gone{job="x"}[5m] offset 1h)'}
        - {alert: B, expr: absent(up)}
      """)
    let result = await tool("check", "rules", "--against=\(server.url)", file)
    #expect(result.status == 0)
    #expect(
      result.output == """
        Checking \(file)
          SUCCESS: 3 rules found

          WARNING: \(file): group "g", rule 2, "A": no series match gone{job="x"}

        """)
    // Each selector once, and what the rules make not at all.
    #expect(server.requests.count == 2)
  }
}
