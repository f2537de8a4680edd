import ApusHTTP
import ApusModel
import ApusTesting
import Testing

@testable import ApusDiscovery

/// Nomad, Eureka, Marathon and PuppetDB, each behind a server on loopback.
struct RegistryTests {
  private func server(_ answers: [String: String], type: String = "application/json")
    async throws -> LocalServer
  {
    try await LocalServer { request in
      guard let answer = answers[request.target] else {
        return .answer(status: 404, body: Array("no \(request.target)".utf8))
      }
      return .answer(headers: ["Content-Type": type], body: Array(answer.utf8))
    }
  }

  @Test func `services of Nomad`() async throws {
    let query = "?namespace=team&region=eu&stale="
    let server = try await server([
      "/v1/services\(query)":
        #"[{"Namespace": "team", "Services": [{"ServiceName": "my web", "Tags": []}]}]"#,
      "/v1/service/my%20web\(query)": """
      [{"ID": "id-1", "ServiceName": "my web", "Namespace": "team", "NodeID": "n",
        "Datacenter": "dc1", "Address": "127.0.0.1", "Port": 30456, "Tags": ["a", "b"]},
       {"ID": "id-2", "ServiceName": "my web", "Address": "fd00::1", "Port": 1, "Tags": null}]
      """,
    ])
    let groups = try await DiscoveryHarness().first(
      """
      nomad_sd_configs:
        - server: \(server.url)/
          namespace: team
          region: eu
          tag_separator: ;
      """)
    #expect(groups.map(\.source) == ["Nomad"])
    #expect(
      groups[0].all[0] == [
        "__address__": "127.0.0.1:30456", "__meta_nomad_address": "127.0.0.1",
        "__meta_nomad_dc": "dc1", "__meta_nomad_namespace": "team",
        "__meta_nomad_node_id": "n", "__meta_nomad_service": "my web",
        "__meta_nomad_service_address": "127.0.0.1", "__meta_nomad_service_id": "id-1",
        "__meta_nomad_service_port": "30456", "__meta_nomad_tags": ";a;b;",
      ])
    #expect(groups[0].all[1]["__address__"] == "[fd00::1]:1")
    #expect(groups[0].all[1]["__meta_nomad_tags"] == nil)
  }

  @Test func `applications of Eureka`() async throws {
    let server = try await server(
      [
        "/eureka/apps": """
        <applications><versions__delta>1</versions__delta><application><name>CONFIG</name>
        <instance><instanceId>i:c:80</instanceId><hostName>h.example</hostName><app>CONFIG</app>
        <ipAddr>192.0.2.1</ipAddr><status>UP</status><port enabled="true">8080</port>
        <securePort enabled="false">443</securePort><countryId>1</countryId>
        <dataCenterInfo class="x"><name>MyOwn</name><metadata><ami-id>a</ami-id></metadata>
        </dataCenterInfo><metadata><management.port>8090</management.port><empty/></metadata>
        <homePageUrl>http://h/?a=1&amp;b=2</homePageUrl><statusPageUrl>s</statusPageUrl>
        <healthCheckUrl>hc</healthCheckUrl><vipAddress>v</vipAddress>
        <secureVipAddress>sv</secureVipAddress></instance>
        <instance><hostName>fd00::1</hostName></instance></application></applications>
        """
      ], type: "application/xml")
    let groups = try await DiscoveryHarness().first(
      "eureka_sd_configs: [{server: '\(server.url)/eureka'}]")
    #expect(groups.map(\.source) == ["eureka"])
    let prefix = "__meta_eureka_app_instance_"
    #expect(
      groups[0].all[0] == [
        "__address__": "h.example:8080", "instance": "i:c:80",
        "__meta_eureka_app_name": "CONFIG", "\(prefix)hostname": "h.example",
        "\(prefix)homepage_url": "http://h/?a=1&b=2", "\(prefix)statuspage_url": "s",
        "\(prefix)healthcheck_url": "hc", "\(prefix)ip_addr": "192.0.2.1",
        "\(prefix)vip_address": "v", "\(prefix)secure_vip_address": "sv",
        "\(prefix)status": "UP", "\(prefix)port": "8080", "\(prefix)port_enabled": "true",
        "\(prefix)secure_port": "443", "\(prefix)secure_port_enabled": "false",
        "\(prefix)country_id": "1", "\(prefix)id": "i:c:80",
        "\(prefix)datacenterinfo_name": "MyOwn",
        "\(prefix)datacenterinfo_metadata_ami_id": "a",
        "\(prefix)metadata_management_port": "8090",
      ])
    #expect(groups[0].addresses[1] == "[fd00::1]:80")
  }

  @Test func `tasks of Marathon, by each of the ways to name ports`() async throws {
    let server = try await server([
      "/v2/apps/?embed=apps.tasks": """
      {"apps": [
        {"id": "/mapped", "labels": {"a.b": "c"}, "networks": [{"mode": "container"}],
         "container": {"docker": {"image": "i:1"}, "portMappings": [
           {"containerPort": 80, "hostPort": 0, "labels": {"p": "1"}}]},
         "tasks": [{"id": "t1", "host": "h", "ports": [31000],
           "ipAddresses": [{"ipAddress": "10.0.0.1"}]}]},
        {"id": "/old", "container": {"docker": {"portMappings": [{"hostPort": 0}]}},
         "tasks": [{"id": "t2", "host": "h2", "ports": [31001]}]},
        {"id": "/defined", "requirePorts": true, "portDefinitions": [{"port": 99,
           "labels": {"d": "2"}}], "tasks": [{"id": "t3", "host": "h3", "ports": [1]}]},
        {"id": "/plain", "tasks": [{"id": "t4", "host": "h4", "ports": [5, 6]}]}]}
      """
    ])
    let groups = try await DiscoveryHarness().first(
      "marathon_sd_configs: [{servers: ['\(server.url)'], auth_token: tok}]")
    #expect(groups.map(\.source) == ["/mapped", "/old", "/defined", "/plain"])
    #expect(
      groups.flatMap(\.addresses) == ["10.0.0.1:80", "h2:31001", "h3:99", "h4:5", "h4:6"])
    #expect(
      groups[0].all[0] == [
        "__address__": "10.0.0.1:80", "__meta_marathon_app": "/mapped",
        "__meta_marathon_app_label_a_b": "c", "__meta_marathon_image": "i:1",
        "__meta_marathon_port_index": "0", "__meta_marathon_port_mapping_label_p": "1",
        "__meta_marathon_task": "t1",
      ])
    #expect(groups[2].all[0]["__meta_marathon_port_definition_label_d"] == "2")
    #expect(server.requests[0].headers["authorization"] == "token=tok")
  }

  @Test func `resources of PuppetDB, with their parameters where wanted`() async throws {
    let answer = """
      [{"certname": "n.example", "resource": "r1", "type": "Class", "title": "T",
        "exported": true, "tags": ["x", "y"], "file": "f.pp", "environment": "prod",
        "parameters": {"n": 1.5, "s": "v", "b": true, "l": ["a", 2], "o": {"in-ner": "z"},
          "e": []}}]
      """
    let server = try await server(["/base/pdb/query/v4": answer])
    let yaml = """
      puppetdb_sd_configs:
        - {url: '\(server.url)/base/', query: 'resources { type = "x" }', port: 9100
      """
    let plain = try await DiscoveryHarness().first(yaml + "}")
    #expect(
      plain[0].all[0] == [
        "__address__": "n.example:9100", "__meta_puppetdb_certname": "n.example",
        "__meta_puppetdb_environment": "prod", "__meta_puppetdb_exported": "true",
        "__meta_puppetdb_file": "f.pp", "__meta_puppetdb_query": #"resources { type = "x" }"#,
        "__meta_puppetdb_resource": "r1", "__meta_puppetdb_tags": ",x,y,",
        "__meta_puppetdb_title": "T", "__meta_puppetdb_type": "Class",
      ])
    let sent = try #require(server.requests.first)
    #expect(sent.method == "POST")
    #expect(
      String(decoding: sent.body, as: UTF8.self)
        == #"{"query":"resources { type = \"x\" }"}"#)
    let full = try await DiscoveryHarness().first(yaml + ", include_parameters: true}")
    let prefix = "__meta_puppetdb_parameter_"
    let parameters = full[0].all[0].filter { $0.key.hasPrefix(prefix) }
    #expect(
      parameters == [
        "\(prefix)n": "1.5", "\(prefix)s": "v", "\(prefix)b": "true", "\(prefix)l": "a,2",
        "\(prefix)o_in_ner": "z",
      ])
  }
}
