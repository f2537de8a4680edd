import ApusConfig
import ApusModel
import ApusSystem
import Testing

@testable import ApusScrape

@Suite struct TargetLabelsTests {
  private func target(
    _ labels: Labels, _ change: (inout ScrapeConfig) throws(RegexError) -> Void = { _ in }
  ) throws(RegexError) -> TargetLabels.Result {
    var config = ScrapeHarness.config()
    try change(&config)
    return TargetLabels.target(labels, groupLabels: ["env": "prod", "own": "group"], config)
  }

  @Test func `defaults come from the job, labels from target and group`() throws {
    guard case .target(let found) = try target(["__address__": "h:9100", "own": "target"]) else {
      Issue.record("no target")
      return
    }
    #expect(
      found.labels == ["env": "prod", "instance": "h:9100", "job": "j", "own": "target"])
    #expect(
      found.discoveredLabels == [
        "__address__": "h:9100", "__metrics_path__": "/metrics", "__scheme__": "http",
        "__scrape_interval__": "10s", "__scrape_timeout__": "5s", "env": "prod", "job": "j",
        "own": "target",
      ])
    #expect(found.url == "http://h:9100/metrics")
    #expect(found.intervalMs == 10_000)
    #expect(found.timeoutMs == 5_000)
  }

  @Test func `labels with two underscores steer the scrape`() throws {
    let labels: Labels = [
      "__address__": "h", "__metrics_path__": "probe me", "__scheme__": "https",
      "__param_target": "x y&z", "__scrape_interval__": "1m", "__scrape_timeout__": "30s",
      "__meta_x": "1", "__tmp_y": "2", "instance": "i",
    ]
    let found = try target(labels) {
      $0.parameters = [
        QueryParameter(name: "module", values: ["http", "more"]),
        QueryParameter(name: "target", values: ["first", "second"]),
      ]
    }
    guard case .target(let found) = found else {
      Issue.record("no target")
      return
    }
    #expect(
      found.url
        == "https://h/probe%20me?module=http&module=more&target=x+y%26z&target=second")
    #expect(found.intervalMs == 60_000)
    #expect(found.timeoutMs == 30_000)
    #expect(found.labels == ["env": "prod", "instance": "i", "job": "j", "own": "group"])
  }

  @Test(arguments: [
    (["__address__": ""] as Labels, "no address"),
    (["__address__": "http://h/"] as Labels, #""http://h/" is not a valid hostname"#),
    (["__address__": "h", "__scrape_interval__": "0s"] as Labels, "scrape interval cannot be 0"),
    (
      ["__address__": "h", "__scrape_interval__": "1s", "__scrape_timeout__": "2s"] as Labels,
      #"scrape timeout cannot be greater than scrape interval ("2s" > "1s")"#
    ),
    (
      ["__address__": "h", "__scrape_interval__": "x"] as Labels,
      #"error parsing scrape interval: not a valid duration string: "x""#
    ),
  ])
  func `what cannot be scraped is refused with a reason`(labels: Labels, reason: String) throws {
    #expect(try target(labels) == .invalid(reason))
  }

  @Test func `relabelling may drop a target`() throws {
    let result = try target(["__address__": "h"]) { config throws(RegexError) in
      config.relabelRules = [try RelabelRule(action: .drop, sourceLabels: ["env"], regex: "prod")]
    }
    guard case .dropped(let labels) = result else {
      Issue.record("not dropped")
      return
    }
    #expect(labels.value(of: "__address__") == "h")
  }

  @Test(arguments: [
    ("http://localhost:9100/metrics", "http://ex.example:9100/metrics"),
    ("http://127.0.0.1:9090/p/metrics?a=b", "https://ex.example/p/metrics?a=b"),
    ("http://[::1]:9100/metrics", "http://ex.example:9100/metrics"),
    ("http://localhosts:9100/metrics", "http://localhosts:9100/metrics"),
    ("https://localhost/metrics", "https://ex.example/metrics"),
  ])
  func `a target on this machine is linked to by the external host`(url: String, global: String) {
    #expect(
      TargetURL.global(url, externalURL: "https://ex.example/p/", listenAddress: "[::]:9090")
        == global)
    #expect(TargetURL.global(url, externalURL: "", listenAddress: ":9090") == url)
  }
}
