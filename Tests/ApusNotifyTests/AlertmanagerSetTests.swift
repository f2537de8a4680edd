import ApusConfig
import ApusModel
import Testing

import ApusNotify

struct AlertmanagerSetTests {
  @Test func `a push URL is made of scheme, address, prefix and the path of the API`() {
    var config = AlertmanagerConfig()
    #expect(
      AlertmanagerSet.endpoints([group("a:9093")], config).active == [
        "http://a:9093/api/v2/alerts"
      ])
    config.scheme = "https"
    config.pathPrefix = "/am/"
    #expect(
      AlertmanagerSet.endpoints([group("a")], config).active == ["https://a/am/api/v2/alerts"])
  }

  @Test func `labels of the group may set scheme and path`() {
    let groups = [group("a", labels: ["__scheme__": "https", "__alerts_path__": "/push me"])]
    #expect(
      AlertmanagerSet.endpoints(groups, AlertmanagerConfig()).active == ["https://a/push%20me"])
  }

  @Test func `relabelling drops and moves Alertmanagers, and what it drops is remembered`() throws {
    var config = AlertmanagerConfig()
    config.relabelRules = [
      try RelabelRule(action: .drop, sourceLabels: ["__address__"], regex: "b.*"),
      try RelabelRule(
        sourceLabels: ["__address__"], regex: "(.*):1", targetLabel: "__address__",
        replacement: "$1:2"),
    ]
    let found = AlertmanagerSet.endpoints([group("a:1", "b:1", "a:2")], config)
    #expect(found.active == ["http://a:2/api/v2/alerts"])
    #expect(found.dropped == ["http://b:1/api/v2/alerts"])
  }

  @Test func `an address with a slash is no address`() {
    let found = AlertmanagerSet.endpoints([group("http://a", "b")], AlertmanagerConfig())
    #expect(found.active == ["http://b/api/v2/alerts"])
    #expect(found.problems == [#""http://a" is not a valid hostname"#])
  }
}
