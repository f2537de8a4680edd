import ApusHTTP
import ApusModel
import ApusTelemetry
import ApusTesting
import Synchronization
import Testing

@testable import ApusDiscovery

struct KumaTests {
  private static let resource = "type.googleapis.com/kuma.observability.v1.MonitoringAssignment"

  @Test func `dataplanes are told when they change, and a version that is known is named`()
    async throws
  {
    let count = Mutex(0)
    let server = try await LocalServer { _ in
      let number = count.withLock { count in
        count += 1
        return count
      }
      switch number {
      case 1:
        return .answer(
          body: Array(
            """
            {"version_info": "v1", "nonce": "n1", "type_url": "\(Self.resource)", "resources": [
              {"@type": "\(Self.resource)", "mesh": "m", "service": "web",
               "labels": {"team": "a", "x.y": "z"},
               "targets": [{"name": "web-01", "scheme": "http", "address": "10.0.0.1:5670",
                 "metrics_path": "/metrics", "labels": {"kuma_io_zone": "eu", "team": "b"}}]}]}
            """.utf8))
      case 2: return .answer(status: 304, body: [])
      case 3: return .answer(status: 503, body: [])
      case 4: return .answer(body: Array(#"{"typeUrl": "other"}"#.utf8))
      case 5:
        return .answer(
          body: Array(
            #"{"versionInfo": "v2", "typeUrl": "\#(Self.resource)", "resources": []}"#.utf8))
      default: return .stall(after: [])
      }
    }
    var harness = DiscoveryHarness()
    harness.environment = ["HOSTNAME": "me"]
    let discoverer = try harness.discoverer(
      "kuma_sd_configs: [{server: '\(server.url)', client_id: me}]")
    let updates = try await harness.run(discoverer) { iterator in
      [try #require(await iterator.next()), try #require(await iterator.next())]
    }
    #expect(updates.map { $0.map(\.source) } == [["kuma"], ["kuma"]])
    #expect(
      updates[0][0].all == [
        [
          "__address__": "10.0.0.1:5670", "instance": "web-01", "__scheme__": "http",
          "__metrics_path__": "/metrics", "__meta_kuma_mesh": "m",
          "__meta_kuma_service": "web", "__meta_kuma_dataplane": "web-01",
          "__meta_kuma_label_team": "a", "__meta_kuma_label_x_y": "z",
          "__meta_kuma_label_kuma_io_zone": "eu",
        ]
      ])
    #expect(updates[1][0].targets.isEmpty)
    let bodies = server.requests.map { String(decoding: $0.body, as: UTF8.self) }
    let known = #"{"node":{"id":"me"},"type_url":"\#(Self.resource)""#
    #expect(bodies[0] == known + "}")
    #expect(bodies[1] == known + #","version_info":"v1","response_nonce":"n1"}"#)
    #expect(
      server.requests[0].target == "/v3/discovery:monitoringassignments?fetch-timeout=2m")
    #expect(value("prometheus_sd_kuma_fetch_failures_total", harness.registry) == 2)
    #expect(value("prometheus_sd_kuma_fetch_skipped_updates_total", harness.registry) == 1)
  }
}

struct OpenStackTests {
  private static func catalog(_ url: String) -> String {
    let services = ["compute": "/c/", "network": "/n", "load-balancer": "/l"].map { type, path in
      """
      {"type": "\(type)", "endpoints": [
        {"interface": "admin", "region": "R", "url": "http://127.0.0.9/"},
        {"interface": "public", "region": "other", "url": "http://127.0.0.9/"},
        {"interface": "public", "region_id": "R", "url": "\(url)\(path)"}]}
      """
    }
    return "{\"token\": {\"catalog\": [\(services.joined(separator: ","))]}}"
  }

  private static let answers = [
    "/c/os-hypervisors/detail": """
    {"hypervisors": [{"id": 1, "host_ip": "172.16.0.1", "hypervisor_hostname": "nc1",
      "hypervisor_type": "fake", "state": "up", "status": "enabled"}]}
    """,
    "/n/v2.0/ports": #"{"ports": [{"id": "p1", "device_id": "s1"}]}"#,
    "/n/v2.0/floatingips": """
    {"floatingips": [{"port_id": "p1", "fixed_ip_address": "10.0.0.1", "tenant_id": "t",
      "floating_ip_address": "9.9.9.9"}, {"port_id": null, "floating_ip_address": "8.8.8.8"},
      {"port_id": "vp", "floating_ip_address": "7.7.7.7"}]}
    """,
    "/c/servers/detail?all_tenants=true": """
    {"servers": [{"id": "s1", "name": "n", "status": "ACTIVE", "tenant_id": "t", "user_id": "u",
      "flavor": {"original_name": "m1"}, "image": {"id": "im"}, "metadata": {"env:x": "prod"},
      "addresses": {"private": [{"addr": "10.0.0.1"}, {"addr": "9.9.9.9"}]}}],
     "servers_links": [{"rel": "next", "href": "http://evil/"}]}
    """,
    "/c/servers/detail?all_tenants=true&marker=s1": """
    {"servers": [{"id": "s2", "tenant_id": "t", "flavor": {"id": "f"}, "image": "",
      "addresses": {"b": [{"addr": "10.0.0.3"}], "a": [{"addr": "fd00::1"}]}},
      {"id": "s3", "addresses": {}}]}
    """,
    "/l/v2.0/lbaas/loadbalancers": """
    {"loadbalancers": [{"id": "lb1", "name": "l", "vip_address": "10.0.0.32", "vip_port_id": "vp",
      "operating_status": "ONLINE", "provisioning_status": "ACTIVE", "provider": "amphora",
      "availability_zone": "az1", "project_id": "p", "tags": ["a", "b"]}, {"id": "lb2"}]}
    """,
    "/l/v2.0/lbaas/listeners": """
    {"listeners": [{"protocol": "HTTP", "protocol_port": 80, "loadbalancers": [{"id": "lb2"}]},
      {"protocol": "PROMETHEUS", "protocol_port": 9273, "loadbalancers": [{"id": "lb1"}]}]}
    """,
  ]

  private func found(
    _ role: String, _ more: String = ""
  ) async throws -> (all: [[String: String]], requests: [LocalServer.Request]) {
    let port = Mutex(0)
    let server = try await LocalServer { request in
      if request.target == "/id/v3/auth/tokens" {
        let url = "http://127.0.0.1:\(port.withLock { $0 })"
        return .answer(
          status: 201, headers: ["X-Subject-Token": "tok"], body: Array(Self.catalog(url).utf8))
      }
      guard let answer = Self.answers[request.target],
        request.headers["x-auth-token"] == "tok"
      else { return .answer(status: 404, body: Array("no \(request.target)".utf8)) }
      return .answer(body: Array(answer.utf8))
    }
    port.withLock { $0 = server.port }
    let groups = try await DiscoveryHarness().first(
      """
      openstack_sd_configs:
        - {role: \(role), region: R, identity_endpoint: '\(server.url)/id/', username: u, \
      password: s, domain_name: d, project_name: p, port: 9100\(more)}
      """)
    #expect(groups.map(\.source) == ["OS_R"])
    return (groups[0].all, server.requests)
  }

  @Test func `instances with their floating addresses, page by page`() async throws {
    let found = try await found("instance", ", all_tenants: true")
    #expect(
      found.all[0] == [
        "__address__": "10.0.0.1:9100", "__meta_openstack_address_pool": "private",
        "__meta_openstack_instance_flavor": "m1", "__meta_openstack_instance_id": "s1",
        "__meta_openstack_instance_image": "im", "__meta_openstack_instance_name": "n",
        "__meta_openstack_instance_status": "ACTIVE", "__meta_openstack_private_ip": "10.0.0.1",
        "__meta_openstack_project_id": "t", "__meta_openstack_public_ip": "9.9.9.9",
        "__meta_openstack_tag_env_x": "prod", "__meta_openstack_user_id": "u",
      ])
    #expect(
      found.all.map { $0["__address__"] } == [
        "10.0.0.1:9100", "[fd00::1]:9100", "10.0.0.3:9100",
      ])
    #expect(found.all[1]["__meta_openstack_instance_flavor"] == "f")
    #expect(
      String(decoding: found.requests[0].body, as: UTF8.self)
        == #"{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"u","#
        + #""domain":{"name":"d"},"password":"s"}}},"#
        + #""scope":{"project":{"name":"p","domain":{"name":"d"}}}}}"#)
  }

  @Test func `hypervisors and load balancers`() async throws {
    #expect(
      try await found("hypervisor").all == [
        [
          "__address__": "172.16.0.1:9100", "__meta_openstack_hypervisor_host_ip": "172.16.0.1",
          "__meta_openstack_hypervisor_hostname": "nc1", "__meta_openstack_hypervisor_id": "1",
          "__meta_openstack_hypervisor_state": "up",
          "__meta_openstack_hypervisor_status": "enabled",
          "__meta_openstack_hypervisor_type": "fake",
        ]
      ])
    #expect(
      try await found("loadbalancer").all == [
        [
          "__address__": "10.0.0.32:9273",
          "__meta_openstack_loadbalancer_availability_zone": "az1",
          "__meta_openstack_loadbalancer_floating_ip": "7.7.7.7",
          "__meta_openstack_loadbalancer_id": "lb1", "__meta_openstack_loadbalancer_name": "l",
          "__meta_openstack_loadbalancer_operating_status": "ONLINE",
          "__meta_openstack_loadbalancer_provider": "amphora",
          "__meta_openstack_loadbalancer_provisioning_status": "ACTIVE",
          "__meta_openstack_loadbalancer_tags": "a,b",
          "__meta_openstack_loadbalancer_vip": "10.0.0.32", "__meta_openstack_project_id": "p",
        ]
      ])
  }

  @Test func `an application credential is a way to log in, and all may come from the environment`()
    async throws
  {
    let api = RecordedAPI([:])
    var harness = DiscoveryHarness()
    harness.fetchers = api
    let yaml = "openstack_sd_configs: [{role: instance, region: R}]"
    #expect(throws: TargetSourceError.self) { try harness.discoverer(yaml) }
    harness.environment = [
      "OS_AUTH_URL": "http://id/v3", "OS_APPLICATION_CREDENTIAL_ID": "cid",
      "OS_APPLICATION_CREDENTIAL_SECRET": "cs",
    ]
    let text = try await harness.failure(yaml)
    #expect(text.hasPrefix("could not authenticate to OpenStack: "))
    #expect(api.urls == ["http://id/v3/auth/tokens"])
    #expect(
      String(decoding: api.requests[0].body, as: UTF8.self)
        == #"{"auth":{"identity":{"methods":["application_credential"],"#
        + #""application_credential":{"id":"cid","secret":"cs"}}}}"#)
  }
}

struct LightsailTests {
  @Test func `instances of Lightsail, asked for by signed requests`() async throws {
    let server = try await LocalServer { request in
      let isSecond = String(decoding: request.body, as: UTF8.self) == #"{"pageToken":"t2"}"#
      return .answer(
        body: Array(
          (isSecond
            ? #"{"instances": [{"name": "none"}]}"#
            : """
            {"nextPageToken": "t2", "instances": [{"name": "n", "supportCode": "sc",
              "location": {"availabilityZone": "us-east-1a"}, "blueprintId": "bp",
              "bundleId": "bu", "state": {"name": "running"}, "privateIpAddress": "10.0.0.1",
              "publicIpAddress": "3.3.3.3", "ipv6Addresses": ["2001::1"],
              "tags": [{"key": "a b", "value": "c"}]}]}
            """).utf8))
    }
    let groups = try await DiscoveryHarness().first(
      """
      lightsail_sd_configs:
        - {endpoint: '\(server.url)', region: us-east-1, access_key: A, secret_key: S}
      """)
    #expect(groups.map(\.source) == ["us-east-1"])
    #expect(
      groups[0].all == [
        [
          "__address__": "10.0.0.1:80", "__meta_lightsail_availability_zone": "us-east-1a",
          "__meta_lightsail_blueprint_id": "bp", "__meta_lightsail_bundle_id": "bu",
          "__meta_lightsail_instance_name": "n", "__meta_lightsail_instance_state": "running",
          "__meta_lightsail_instance_support_code": "sc",
          "__meta_lightsail_ipv6_addresses": ",2001::1,",
          "__meta_lightsail_private_ip": "10.0.0.1", "__meta_lightsail_public_ip": "3.3.3.3",
          "__meta_lightsail_region": "us-east-1", "__meta_lightsail_tag_a_b": "c",
        ]
      ])
    let sent = server.requests[0].headers
    #expect(sent["x-amz-target"] == "Lightsail_20161128.GetInstances")
    #expect(sent["content-type"] == "application/x-amz-json-1.1")
    #expect(
      sent["authorization"]?.contains(
        "/lightsail/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target,"
      ) == true)
  }
}
