import ApusConfig
import ApusSystem
import Testing

struct DiscoveryConfigTests {
  private func job(_ lines: String) -> String {
    "scrape_configs:\n  - job_name: j\n"
      + lines.split(separator: "\n").map { "    \($0)\n" }.joined()
  }

  private static let bad: [(yaml: String, problem: String)] = [
    ("dns_sd_configs: [{}]", "DNS-SD config must contain at least one SRV record name"),
    ("dns_sd_configs: [{names: [x], type: TXT}]", "invalid DNS-SD records type TXT"),
    (
      "dns_sd_configs: [{names: [x], type: a}]",
      "a port is required in DNS-SD configs for all record types except SRV"
    ),
    ("dns_sd_configs: [null]", "empty or null section in dns_sd_configs"),
    (
      "dns_sd_configs: [{names: [x], nams: 1}]",
      "field nams not found in type dns.plain; did you mean names?"
    ),
    (
      "consul_sd_configs: [{server: ' '}]", "consul SD configuration requires a server address"
    ),
    (
      "consul_sd_configs: [{username: u, basic_auth: {username: x}}]",
      "at most one of consul SD configuration username and password and basic auth can be "
        + "configured"
    ),
    (
      "consul_sd_configs: [{token: t, authorization: {credentials: x}}]",
      "at most one of consul SD token, authorization, or oauth2 can be configured"
    ),
    (
      "kubernetes_sd_configs: [{}]",
      "role missing (one of: pod, service, endpoints, endpointslice, node, ingress)"
    ),
    ("kubernetes_sd_configs: [{role: vacuum}]", #"unknown Kubernetes SD role "vacuum""#),
    (
      "kubernetes_sd_configs: [{role: pod, bearer_token: x}]",
      "to use custom HTTP client configuration please provide the 'api_server' URL explicitly"
    ),
    (
      "kubernetes_sd_configs: [{role: pod, kubeconfig_file: k, namespaces: {own_namespace: true}}]",
      "cannot use 'kubeconfig_file' and 'namespaces.own_namespace' simultaneously"
    ),
    (
      "kubernetes_sd_configs: [{role: pod, api_server: http://k, "
        + "namespaces: {own_namespace: true}}]",
      "cannot use 'api_server' and 'namespaces.own_namespace' simultaneously"
    ),
    (
      "kubernetes_sd_configs: [{role: pod, api_server: http://k, kubeconfig_file: k}]",
      "cannot use 'kubeconfig_file' and 'api_server' simultaneously"
    ),
    (
      "kubernetes_sd_configs: [{role: pod, kubeconfig_file: k, bearer_token: x}]",
      "cannot use a custom HTTP client configuration together with 'kubeconfig_file'"
    ),
    (
      "kubernetes_sd_configs: [{role: endpoints, selectors: [{role: node}]}]",
      "endpoints role supports only pod, service, endpoints selectors"
    ),
    (
      "kubernetes_sd_configs: [{role: ingress, selectors: [{role: node}]}]",
      "ingress role supports only ingress selectors"
    ),
    (
      "kubernetes_sd_configs: [{role: node, selectors: [{role: pod}]}]",
      "node role supports only node selectors"
    ),
    (
      "kubernetes_sd_configs: [{role: pod, selectors: [{role: service}]}]",
      "pod role supports only pod, node selectors"
    ),
    (
      "kubernetes_sd_configs: [{role: service, selectors: [{role: pod}]}]",
      "service role supports only service selectors"
    ),
    (
      "kubernetes_sd_configs: [{role: pod, namespaces: {foo: [x]}}]",
      "field foo not found in type kubernetes.plain"
    ),
    (
      "kubernetes_sd_configs: [{role: pod, selectors: [{role: pod}, {role: pod}]}]",
      "duplicated selector role: pod"
    ),
    (
      "kubernetes_sd_configs: [{role: pod, "
        + "selectors: [{role: pod, field: 'metadata.status-Running'}]}]",
      "invalid selector: 'metadata.status-Running'; can't understand 'metadata.status-Running'"
    ),
    ("docker_sd_configs: [{}]", "host missing"),
    (
      "docker_sd_configs: [{host: 'npipe://x'}]",
      #"unable to parse docker host "npipe://x": use unix://, tcp://, http:// or https://"#
    ),
    (
      "dockerswarm_sd_configs: [{host: 'unix:///x'}]",
      "role missing (one of: tasks, services, nodes)"
    ),
    (
      "dockerswarm_sd_configs: [{host: 'unix:///x', role: y}]",
      "invalid role y, expected tasks, services, or nodes"
    ),
    (
      "ec2_sd_configs: [{region: r, filters: [{name: x, values: []}]}]",
      "EC2 SD configuration filter values cannot be empty"
    ),
    (
      "ec2_sd_configs: [{region: r, bearer_token: a, bearer_token_file: b}]",
      "at most one of bearer_token & bearer_token_file must be configured"
    ),
    ("kuma_sd_configs: [{}]", "kuma SD server must not be empty: "),
    (
      "kuma_sd_configs: [{server: k}]", "kuma SD server must not be empty and have a scheme: k"
    ),
    (
      "lightsail_sd_configs: [{region: r, bearer_token: a, bearer_token_file: b}]",
      "at most one of bearer_token & bearer_token_file must be configured"
    ),
    (
      "openstack_sd_configs: [{role: x, region: r}]", #"unknown OpenStack SD role "x""#
    ),
    (
      "openstack_sd_configs: [{role: instance, region: r, availability: invalid}]",
      "unknown availability invalid, must be one of admin, internal or public"
    ),
    ("openstack_sd_configs: [{role: instance}]", "openstack SD configuration requires a region"),
    ("nomad_sd_configs: [{server: ''}]", "nomad SD configuration requires a server address"),
    ("eureka_sd_configs: [{}]", "eureka_sd: empty or null eureka server"),
    ("eureka_sd_configs: [{server: 'e.com'}]", "eureka_sd: invalid eureka server URL"),
    ("marathon_sd_configs: [{}]", "marathon_sd: must contain at least one Marathon server"),
    (
      "marathon_sd_configs: [{servers: [x], auth_token: a, auth_token_file: b}]",
      "marathon_sd: at most one of auth_token & auth_token_file must be configured"
    ),
    (
      "marathon_sd_configs: [{servers: [x], auth_token: a, basic_auth: {username: b}}]",
      "marathon_sd: at most one of basic_auth, auth_token & auth_token_file must be configured"
    ),
    (
      "marathon_sd_configs: [{servers: [x], auth_token: a, bearer_token: b}]",
      "marathon_sd: at most one of bearer_token, bearer_token_file, auth_token & "
        + "auth_token_file must be configured"
    ),
    (
      "marathon_sd_configs: [{servers: [x], auth_token_file: a, authorization: {credentials: b}}]",
      "marathon_sd: at most one of auth_token, auth_token_file & authorization must be configured"
    ),
    ("puppetdb_sd_configs: [{url: http://p}]", "query missing"),
    ("puppetdb_sd_configs: [{query: q}]", "URL is missing"),
    ("puppetdb_sd_configs: [{url: 'http://', query: q}]", "host is missing in URL"),
    ("puppetdb_sd_configs: [{url: p, query: q}]", "URL scheme must be 'http' or 'https'"),
    ("hetzner_sd_configs: [{}]", "role missing (one of: robot, hcloud)"),
    ("hetzner_sd_configs: [{role: x}]", #"unknown role "x""#),
    (
      "scaleway_sd_configs: [{role: invalid, project_id: p, access_key: a, secret_key: s}]",
      #"unknown role "invalid""#
    ),
    (
      "scaleway_sd_configs: [{role: instance, project_id: p, access_key: a}]",
      "one of secret_key & secret_key_file must be configured"
    ),
    (
      "scaleway_sd_configs: [{role: instance, project_id: p, access_key: a, "
        + "secret_key: s, secret_key_file: f}]",
      "at most one of secret_key & secret_key_file must be configured"
    ),
    ("ionos_sd_configs: [{}]", "datacenter id can't be empty"),
    (
      "stackit_sd_configs: [{endpoint: 'ht tp://x'}]",
      #"invalid endpoint "ht tp://x": parse "ht tp://x": "#
        + "first path segment in URL cannot contain colon"
    ),
    (
      "triton_sd_configs: [{account: a, dns_suffix: d, endpoint: e, role: x}]",
      "triton SD configuration requires role to be 'container' or 'cn'"
    ),
    (
      "triton_sd_configs: [{dns_suffix: d, endpoint: e}]",
      "triton SD configuration requires an account"
    ),
  ]

  @Test(arguments: bad)
  func `settings that cannot work are refused in Prometheus's words`(
    yaml: String, problem: String
  ) {
    #expect(problems(job(yaml)) == ["3: \(problem)"])
  }

  @Test(arguments: [
    "aws", "azure", "gce", "nerve", "oci", "outscale", "ovhcloud", "serverset", "uyuni",
  ])
  func `a mechanism that is missing is refused with a way around`(name: String) {
    let found = problems(job("\(name)_sd_configs: [{}]"))
    #expect(found.count == 1)
    #expect(found[0].hasPrefix("3: \(name) discovery is not supported; use "))
    #expect(found[0].contains("http_sd_configs") && found[0].contains("file_sd_configs"))
  }

  @Test func `what is not set has Prometheus's defaults`() throws {
    let config = try config(
      job(
        """
        consul_sd_configs: [{}]
        dns_sd_configs: [{names: [x]}]
        docker_sd_configs: [{host: 'unix:///var/run/docker.sock'}]
        nomad_sd_configs: [{}]
        kubernetes_sd_configs: [{role: pod}]
        """))
    let others = config.scrapeConfigs[0].discovery.others
    #expect(others.map(\.kind) == ["consul", "dns", "docker", "kubernetes", "nomad"])
    #expect(others[0] == .consul(ConsulDiscoveryConfig()))
    #expect(others[1] == .dns(DNSDiscoveryConfig(names: ["x"])))
    #expect(others[2] == .docker(DockerDiscoveryConfig(host: "unix:///var/run/docker.sock")))
    #expect(others[3] == .kubernetes(KubernetesDiscoveryConfig(role: .pod)))
    #expect(others[4] == .nomad(NomadDiscoveryConfig()))
    #expect(
      config.shownText.contains(
        """
          consul_sd_configs:
          - server: localhost:8500
            tag_separator: ','
            scheme: http
            allow_stale: true
            refresh_interval: 30s
            follow_redirects: true
            enable_http2: true
        """))
  }

  @Test func `secrets are shown as such, and paths are relative to the file`() throws {
    let config = try config(
      job(
        """
        consul_sd_configs: [{token: s3cret, username: u, password: s3cret}]
        ec2_sd_configs: [{region: r, access_key: a, secret_key: s3cret}]
        kubernetes_sd_configs: [{role: pod, kubeconfig_file: k/config}]
        marathon_sd_configs: [{servers: [x], auth_token: s3cret}]
        scaleway_sd_configs: [{role: instance, project_id: p, access_key: a, secret_key: s3cret}]
        vultr_sd_configs: [{authorization: {credentials: s3cret}}]
        """))
    #expect(!config.shownText.contains("s3cret"))
    #expect(config.shownText.components(separatedBy: "<secret>") == 6)
    guard case .kubernetes(let cluster) = config.scrapeConfigs[0].discovery.others[2] else {
      Issue.record("no kubernetes")
      return
    }
    #expect(cluster.kubeConfigFile == "dir/k/config")
  }

  @Test func `Alertmanagers are found by the same mechanisms`() throws {
    let config = try config(
      """
      alerting:
        alertmanagers:
          - dns_sd_configs: [{names: [am], type: A, port: 9093}]
      """)
    #expect(config.alerting.alertmanagers[0].discovery.others.map(\.kind) == ["dns"])
  }
}

extension String {
  /// In how many pieces a text falls, less one.
  fileprivate func components(separatedBy text: String) -> Int { ranges(of: text).count }
}
