import ApusHTTP
import ApusModel
import ApusTesting
import Testing

@testable import ApusDiscovery

/// Mechanisms that list machines by a JSON API, each with answers as their documentation shows.
struct CloudTests {
  private func found(
    _ yaml: String, _ answers: [String: String], type: String = "application/json"
  ) async throws -> (groups: [TargetGroup], api: RecordedAPI) {
    let api = RecordedAPI(answers, type: type)
    var harness = DiscoveryHarness()
    harness.fetchers = api
    return (try await harness.first(yaml), api)
  }

  /// Labels without their common beginning.
  private func short(_ labels: [String: String], _ prefix: String) -> [String: String] {
    Dictionary(
      uniqueKeysWithValues: labels.map {
        ($0.key.hasPrefix(prefix) ? String($0.key.dropFirst(prefix.count)) : $0.key, $0.value)
      })
  }

  @Test func `droplets of DigitalOcean, page by page`() async throws {
    let base = "https://api.digitalocean.com/v2/droplets?page="
    let found = try await found(
      "digitalocean_sd_configs: [{port: 9100}]",
      [
        "\(base)1&per_page=200": """
        {"droplets": [{"id": 3164444, "name": "d1", "status": "active", "size_slug": "s-1",
          "image": {"slug": "ubuntu", "name": "16.04"}, "region": {"slug": "nyc3"},
          "features": ["backups", "ipv6"], "tags": ["a"], "vpc_uuid": "v",
          "networks": {"v4": [{"ip_address": "10.0.0.1", "type": "private"},
            {"ip_address": "104.0.0.1", "type": "public"}],
            "v6": [{"ip_address": "2604::1", "type": "public"}]}},
          {"id": 2, "networks": {"v4": []}}],
         "links": {"pages": {"next": "http://evil/"}}}
        """,
        "\(base)2&per_page=200": """
        {"droplets": [{"id": 3, "networks": {"v4": [{"ip_address": "9.9.9.9", "type": "public"}]}}]}
        """,
      ])
    #expect(found.groups.map(\.source) == ["DigitalOcean"])
    #expect(found.groups[0].addresses == ["104.0.0.1:9100", "9.9.9.9:9100"])
    #expect(
      short(found.groups[0].all[0], "__meta_digitalocean_") == [
        "__address__": "104.0.0.1:9100", "droplet_id": "3164444", "droplet_name": "d1",
        "image": "ubuntu", "image_name": "16.04", "private_ipv4": "10.0.0.1",
        "public_ipv4": "104.0.0.1", "public_ipv6": "2604::1", "region": "nyc3", "size": "s-1",
        "status": "active", "features": ",backups,ipv6,", "tags": ",a,", "vpc": "v",
      ])
  }

  @Test func `databases of DigitalOcean`() async throws {
    let found = try await found(
      "digitalocean_sd_configs: [{role: databases, port: 9273}]",
      [
        "https://api.digitalocean.com/v2/databases?page=1&per_page=200": """
        {"databases": [{"id": "db-1", "name": "pg", "engine": "pg", "version": "15",
          "status": "online", "region": "ams3", "size": "db-s", "num_nodes": 2, "tags": ["t-1"],
          "connection": {"host": "pub.example"}, "private_connection": {"host": "priv.example"}}]}
        """
      ])
    #expect(
      short(found.groups[0].all[0], "__meta_digitalocean_db_") == [
        "__address__": "priv.example:9273", "id": "db-1", "name": "pg", "engine": "pg",
        "version": "15", "status": "online", "region": "ams3", "size": "db-s", "num_nodes": "2",
        "host": "pub.example", "private_host": "priv.example", "tag_t_1": "true",
      ])
  }

  @Test func `servers of Hetzner's cloud`() async throws {
    let base = "https://api.hetzner.cloud/v1"
    let found = try await found(
      "hetzner_sd_configs: [{role: hcloud, label_selector: 'env=prod'}]",
      [
        "\(base)/servers?page=1&per_page=50&label_selector=env%3Dprod": """
        {"servers": [{"id": 42, "name": "s", "status": "running", "labels": {"my-key": "v"},
          "public_net": {"ipv4": {"ip": "1.2.3.4"}, "ipv6": {"ip": "2001:db8::/64"}},
          "private_net": [{"network": 4711, "ip": "10.0.0.2"}],
          "location": {"name": "fsn1", "network_zone": "eu-central"},
          "server_type": {"name": "cx11", "cores": 2, "cpu_type": "shared", "memory": 4.0,
            "disk": 25},
          "image": {"name": "ubuntu", "description": "U 20", "os_flavor": "ubuntu",
            "os_version": "20.04"}}], "meta": {"pagination": {"next_page": null}}}
        """,
        "\(base)/networks?page=1&per_page=50": """
        {"networks": [{"id": 1, "name": "x"}], "meta": {"pagination": {"next_page": 2}}}
        """,
        "\(base)/networks?page=2&per_page=50": #"{"networks": [{"id": 4711, "name": "my net"}]}"#,
      ])
    #expect(found.groups.map(\.source) == ["hetzner"])
    #expect(
      short(found.groups[0].all[0], "__meta_hetzner_") == [
        "__address__": "1.2.3.4:80", "role": "hcloud", "server_id": "42", "server_name": "s",
        "server_status": "running", "public_ipv4": "1.2.3.4",
        "public_ipv6_network": "2001:db8::/64", "hcloud_location": "fsn1",
        "hcloud_location_network_zone": "eu-central", "hcloud_datacenter_location": "fsn1",
        "hcloud_datacenter_location_network_zone": "eu-central", "hcloud_server_type": "cx11",
        "hcloud_cpu_cores": "2", "hcloud_cpu_type": "shared", "hcloud_memory_size_gb": "4",
        "hcloud_disk_size_gb": "25", "hcloud_image_name": "ubuntu",
        "hcloud_image_description": "U 20", "hcloud_image_os_flavor": "ubuntu",
        "hcloud_image_os_version": "20.04", "hcloud_private_ipv4_my_net": "10.0.0.2",
        "hcloud_label_my_key": "v", "hcloud_labelpresent_my_key": "true",
      ])
  }

  @Test func `dedicated servers of Hetzner`() async throws {
    let found = try await found(
      "hetzner_sd_configs: [{role: robot}]",
      [
        "https://robot-ws.your-server.de/server": """
        [{"server": {"server_ip": "123.1.2.3", "server_number": 321, "server_name": "s1",
          "product": "DS 3000", "dc": "NBG1-DC1", "status": "ready", "cancelled": false,
          "subnet": [{"ip": "1.1.1.0", "mask": "24"}, {"ip": "2a01:4f8::", "mask": "64"}]}}]
        """
      ])
    #expect(
      short(found.groups[0].all[0], "__meta_hetzner_") == [
        "__address__": "123.1.2.3:80", "role": "robot", "server_id": "321", "server_name": "s1",
        "server_status": "ready", "public_ipv4": "123.1.2.3", "datacenter": "nbg1-dc1",
        "robot_datacenter": "nbg1-dc1", "robot_product": "DS 3000", "robot_cancelled": "false",
        "public_ipv6_network": "2a01:4f8::/64",
      ])
  }

  @Test func `linodes with their addresses`() async throws {
    let base = "https://api.linode.com/v4"
    let found = try await found(
      "linode_sd_configs: [{region: us-east, tag_separator: ';'}]",
      [
        "\(base)/linode/instances?page=1&page_size=500": """
        {"data": [{"id": 7, "label": "l", "group": "g", "status": "running", "type": "g6",
          "image": "linode/arch", "region": "us-east", "hypervisor": "kvm", "tags": ["a", "b"],
          "ipv4": ["45.0.0.1", "192.168.0.1", "45.0.0.2"], "ipv6": "2600::1/128",
          "backups": {"enabled": true},
          "specs": {"disk": 10, "memory": 4, "vcpus": 2, "gpus": 0, "transfer": 3}},
         {"id": 8, "ipv4": []}], "page": 1, "pages": 1}
        """,
        "\(base)/networking/ips?page=1&page_size=500": """
        {"data": [{"address": "45.0.0.1", "public": true, "rdns": "r.example"},
          {"address": "192.168.0.1", "public": false, "rdns": null}], "pages": 2}
        """,
        "\(base)/networking/ips?page=2&page_size=500": """
        {"data": [{"address": "45.0.0.2", "public": true}, {"address": "2600::1", "public": true,
          "rdns": "six.example"}], "pages": 2}
        """,
        "\(base)/networking/ipv6/ranges?page=1&page_size=500": """
        {"data": [{"range": "2600:3c03::", "prefix": 64, "route_target": "2600::1"},
          {"range": "2700::", "prefix": 64, "route_target": "2600::9"}], "pages": 1}
        """,
      ])
    #expect(found.groups.map(\.source) == ["Linode"])
    #expect(found.groups[0].targets.count == 1)
    #expect(
      short(found.groups[0].all[0], "__meta_linode_") == [
        "__address__": "45.0.0.1:80", "instance_id": "7", "instance_label": "l", "group": "g",
        "status": "running", "type": "g6", "image": "linode/arch", "region": "us-east",
        "hypervisor": "kvm", "tags": ";a;b;", "private_ipv4": "192.168.0.1",
        "public_ipv4": "45.0.0.1", "public_ipv4_rdns": "r.example", "public_ipv6": "2600::1",
        "public_ipv6_rdns": "six.example", "extra_ips": ";45.0.0.2;", "backups": "enabled",
        "gpus": "0", "specs_disk_bytes": "10485760", "specs_memory_bytes": "4194304",
        "specs_vcpus": "2", "specs_transfer_bytes": "3145728",
        "ipv6_ranges": ";2600:3c03::/64;",
      ])
    #expect(found.api.header("X-Filter") == #"{"region": "us-east"}"#)
  }

  @Test func `instances of Vultr`() async throws {
    let base = "https://api.vultr.com/v2/instances?per_page=100"
    let found = try await found(
      "vultr_sd_configs: [{}]",
      [
        base: """
        {"instances": [{"id": "i", "os": "CentOS", "os_id": 147, "region": "atl", "plan": "vc2",
          "main_ip": "149.0.0.1", "internal_ip": "10.1.0.1", "v6_main_ip": "2001::1", "ram": 8192,
          "disk": 160, "vcpu_count": 4, "allowed_bandwidth": 4, "hostname": "h", "label": "lab",
          "server_status": "ok", "features": ["ipv6"], "tags": ["t1", "t2"]}],
         "meta": {"links": {"next": "n=="}}}
        """,
        "\(base)&cursor=n%3D%3D": #"{"instances": [], "meta": {"links": {"next": ""}}}"#,
      ])
    #expect(
      short(found.groups[0].all[0], "__meta_vultr_instance_") == [
        "__address__": "149.0.0.1:80", "id": "i", "os": "CentOS", "os_id": "147",
        "region": "atl", "plan": "vc2", "main_ip": "149.0.0.1", "internal_ip": "10.1.0.1",
        "main_ipv6": "2001::1", "ram_mb": "8192", "disk_gb": "160", "vcpu_count": "4",
        "allowed_bandwidth_gb": "4", "hostname": "h", "label": "lab", "server_status": "ok",
        "features": ",ipv6,", "tags": ",t1,t2,",
      ])
  }

  @Test func `servers of an IONOS data center`() async throws {
    let found = try await found(
      "ionos_sd_configs: [{datacenter_id: dc-1}]",
      [
        "https://api.ionos.com/cloudapi/v6/datacenters/dc-1/servers?depth=3": """
        {"id": "dc-1/servers", "items": [{"id": "s1", "metadata": {"state": "AVAILABLE"},
          "properties": {"name": "p", "availabilityZone": "ZONE_1", "vmState": "RUNNING",
            "cpuFamily": "INTEL", "type": "CUBE", "bootCdrom": null,
            "bootVolume": {"id": "vol"}},
          "entities": {"volumes": {"items": [{"properties": {"image": "img"}}]},
            "nics": {"items": [
              {"properties": {"name": "metrics nic", "ips": ["10.0.0.1"]}},
              {"properties": {"name": null, "ips": ["85.0.0.1", "85.0.0.2"]}}]}}},
         {"id": "s2", "entities": {}}]}
        """
      ])
    #expect(
      short(found.groups[0].all[0], "__meta_ionos_server_") == [
        "__address__": "85.0.0.1:80", "availability_zone": "ZONE_1", "cpu_family": "INTEL",
        "servers_id": "dc-1/servers", "id": "s1", "ip": ",85.0.0.1,85.0.0.2,10.0.0.1,",
        "lifecycle": "AVAILABLE", "name": "p", "state": "RUNNING", "type": "CUBE",
        "boot_volume_id": "vol", "boot_image_id": "img", "nic_ip_metrics_nic": ",10.0.0.1,",
        "nic_ip_unnamed": ",85.0.0.1,85.0.0.2,",
      ])
    #expect(found.groups[0].targets.count == 1)
  }

  @Test func `instances of Scaleway`() async throws {
    let found = try await found(
      """
      scaleway_sd_configs:
        - {role: instance, project_id: p, access_key: A, secret_key: K, tags_filter: [a, b]}
      """,
      [
        "https://api.scaleway.com/instance/v1/zones/fr-par-1/servers?project=p&tags=a%2Cb&page=1"
          + "&per_page=100": """
        {"servers": [{"id": "i", "name": "n", "hostname": "h", "boot_type": "local",
          "organization": "o", "project": "p", "state": "running", "commercial_type": "DEV1-S",
          "zone": "fr-par-1", "image": {"arch": "x86_64", "id": "im", "name": "Ubuntu"},
          "location": {"cluster_id": "4", "hypervisor_id": "5", "node_id": "6"},
          "security_group": {"id": "sg", "name": "Default"}, "tags": ["t"],
          "public_ips": [{"family": "inet", "address": "51.0.0.1"},
            {"family": "inet6", "address": "2001::1"}],
          "public_ip": {"address": "51.0.0.1"}, "ipv6": {"address": "2001::2"},
          "private_ip": "10.1.0.1"},
         {"id": "none", "zone": "x"}, {"id": "six", "zone": "nl-ams-1",
          "public_ip": {"address": "2001::3"}}]}
        """
      ])
    #expect(found.groups[0].addresses == ["10.1.0.1:80", "[2001::3]:80"])
    #expect(
      short(found.groups[0].all[0], "__meta_scaleway_instance_") == [
        "__address__": "10.1.0.1:80", "boot_type": "local", "hostname": "h", "id": "i",
        "image_arch": "x86_64", "image_id": "im", "image_name": "Ubuntu",
        "location_cluster_id": "4", "location_hypervisor_id": "5", "location_node_id": "6",
        "name": "n", "organization_id": "o", "private_ipv4": "10.1.0.1", "project_id": "p",
        "public_ipv4": "51.0.0.1", "public_ipv6": "2001::2",
        "public_ipv4_addresses": ",51.0.0.1,", "public_ipv6_addresses": ",2001::1,",
        "region": "fr-par", "security_group_id": "sg", "security_group_name": "Default",
        "status": "running", "tags": ",t,", "type": "DEV1-S", "zone": "fr-par-1",
      ])
    #expect(found.groups[0].all[1]["__meta_scaleway_instance_public_ipv4"] == nil)
    #expect(found.api.header("X-Auth-Token") == "K")
  }

  @Test func `baremetal servers of Scaleway, one target for each address`() async throws {
    let base = "https://api.scaleway.com/baremetal/v1/zones/fr-par-2"
    let found = try await found(
      """
      scaleway_sd_configs:
        - {role: baremetal, project_id: p, access_key: A, secret_key: K, zone: fr-par-2}
      """,
      [
        "\(base)/servers?project_id=p&page=1&page_size=100": """
        {"servers": [{"id": "b", "name": "n", "zone": "fr-par-2", "status": "ready",
          "project_id": "p", "offer_id": "o1", "install": {"os_id": "os1"}, "tags": [],
          "ips": [{"address": "51.0.0.1"}, {"address": "2001::1"}]}]}
        """,
        "\(base)/offers?page=1&page_size=100": #"{"offers": [{"id": "o1", "name": "EM-A"}]}"#,
        "\(base)/os?page=1&page_size=100":
          #"{"os": [{"id": "os1", "name": "Debian", "version": "12"}]}"#,
      ])
    #expect(
      short(found.groups[0].all[0], "__meta_scaleway_baremetal_") == [
        "__address__": "51.0.0.1:80", "id": "b", "name": "n", "zone": "fr-par-2",
        "status": "ready", "project_id": "p", "type": "EM-A", "os_name": "Debian",
        "os_version": "12", "public_ipv4": "51.0.0.1",
      ])
    #expect(found.groups[0].addresses == ["51.0.0.1:80", "[2001::1]:80"])
  }

  @Test func `servers of a STACKIT project`() async throws {
    let found = try await found(
      "stackit_sd_configs: [{project: p-1, authorization: {credentials: t}}]",
      [
        "https://iaas.api.eu01.stackit.cloud/v1/projects/p-1/servers?details=true": """
        {"items": [{"id": "s", "name": "n", "availabilityZone": "eu01-1", "status": "ACTIVE",
          "powerStatus": "RUNNING", "machineType": "t1", "labels": {"a-b": "c", "n": 1},
          "nics": [{"networkName": "my net", "ipv4": "10.0.0.1"},
            {"networkName": "x", "publicIp": "193.0.0.1"}]},
         {"id": "bare", "nics": []}]}
        """
      ])
    #expect(
      short(found.groups[0].all[0], "__meta_stackit_") == [
        "__address__": "193.0.0.1:80", "project": "p-1", "id": "s", "name": "n",
        "availability_zone": "eu01-1", "status": "ACTIVE", "power_status": "RUNNING",
        "type": "t1", "public_ipv4": "193.0.0.1", "private_ipv4_my_net": "10.0.0.1",
        "label_a_b": "c", "labelpresent_a_b": "true",
      ])
    #expect(found.groups[0].targets.count == 1)
  }

  @Test func `containers and compute nodes of Triton`() async throws {
    let common = "account: a, dns_suffix: cmon.example, endpoint: t.example"
    let containers = try await found(
      "triton_sd_configs: [{\(common), groups: [g1, g2]}]",
      [
        "https://t.example:9163/v1/discover?groups=g1%2Cg2": """
        {"containers": [{"groups": ["g1"], "server_uuid": "s", "vm_alias": "al",
          "vm_brand": "lx", "vm_image_uuid": "im", "vm_uuid": "u"}]}
        """
      ])
    #expect(
      short(containers.groups[0].all[0], "__meta_triton_") == [
        "__address__": "u.cmon.example:9163", "groups": ",g1,", "machine_id": "u",
        "machine_alias": "al", "machine_brand": "lx", "machine_image": "im", "server_id": "s",
      ])
    let nodes = try await found(
      "triton_sd_configs: [{\(common), role: cn}]",
      [
        "https://t.example:9163/v1/gz/discover":
          #"{"cns": [{"server_uuid": "s", "server_hostname": "h"}]}"#
      ])
    #expect(
      short(nodes.groups[0].all[0], "__meta_triton_") == [
        "__address__": "s.cmon.example:9163", "machine_id": "s", "machine_alias": "h",
      ])
  }

  @Test(arguments: [
    "digitalocean_sd_configs: [{}]", "hetzner_sd_configs: [{role: hcloud}]",
    "hetzner_sd_configs: [{role: robot}]", "ionos_sd_configs: [{datacenter_id: d}]",
    "linode_sd_configs: [{}]", "vultr_sd_configs: [{}]", "stackit_sd_configs: [{project: p}]",
    "marathon_sd_configs: [{servers: ['http://m']}]", "nomad_sd_configs: [{}]",
    "eureka_sd_configs: [{server: 'http://e/eureka'}]",
    "puppetdb_sd_configs: [{url: 'http://p', query: q}]",
    "triton_sd_configs: [{account: a, dns_suffix: s, endpoint: e}]",
    "scaleway_sd_configs: [{role: instance, project_id: p, access_key: A, secret_key: K}]",
  ])
  func `an API that refuses or talks nonsense is an error`(yaml: String) async throws {
    for (status, body) in [(403, "no"), (200, "{"), (200, "[[]]"), (200, "7"), (200, "<a>")] {
      var harness = DiscoveryHarness()
      harness.fetchers = ScriptedFetcher([ScriptedFetcher.json(body, status: status)])
      let text = try await harness.failure(yaml)
      // A list of odd members is a list of nothing.
      if !(body == "[[]]" && text.isEmpty) {
        #expect(!text.isEmpty, "\(yaml) took \(status) \(body)")
      }
    }
  }
}
