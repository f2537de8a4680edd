internal import ApusConfig
internal import ApusHTTP
internal import ApusModel
internal import ApusSystem
internal import ApusTelemetry

/// Makes discoverers from configurations.
struct DiscovererFactory {
  let doors: DiscoveryDoors
  let metrics: DiscoveryMetrics
  let log: Log
  /// For which the discoverer is made, in metrics.
  let job: String

  /// - Throws: where a configuration cannot work: a certificate that is not there, a cluster that
  ///   this process does not run in.
  func discoverer(_ mechanism: DiscoveryManager.Mechanism) throws -> any Discoverer {
    switch mechanism {
    case .file(let config):
      return FileTargets(
        patterns: config.patterns, refreshIntervalMs: config.refreshIntervalMs,
        files: doors.files, clock: doors.clock, metrics: metrics, log: log)
    case .http(let config):
      let source = HTTPTargets(
        url: config.url, refreshIntervalMs: config.refreshIntervalMs,
        fetcher: try doors.fetchers.fetcher(for: config.client), metrics: metrics)
      return refreshed(source, "http", everyMs: config.refreshIntervalMs)
    case .other(.consul(let config)):
      let api = ConsulAPI(
        config, fetcher: try doors.fetchers.fetcher(for: config.client), clock: doors.clock,
        metrics: metrics)
      return ConsulTargets(config, api: api, clock: doors.clock, metrics: metrics, log: log)
    case .other(.kubernetes(let config)): return try kubernetes(config)
    case .other(.kuma(let config)):
      let name = try? doors.files.readText("/etc/hostname").split(whereSeparator: \.isNewline).first
      return KumaTargets(
        config, fetcher: try doors.fetchers.fetcher(for: config.client),
        clientID: config.clientID.isEmpty ? name.map(String.init) ?? "prometheus" : config.clientID,
        clock: doors.clock, metrics: metrics.lookups, log: log)
    case .other(let config):
      let polled = try source(config)
      return refreshed(polled.source, config.kind, everyMs: polled.everyMs)
    }
  }

  private func refreshed(
    _ source: any TargetSource, _ kind: String, everyMs: Int64
  ) -> RefreshedTargets {
    RefreshedTargets(
      source, kind: kind, config: job, refreshIntervalMs: everyMs, clock: doors.clock,
      metrics: metrics, log: log)
  }

  private func kubernetes(_ config: KubernetesDiscoveryConfig) throws -> KubernetesTargets {
    let access = try KubernetesAccess(
      config, files: doors.files, environment: doors.environment)
    let api = KubernetesAPI(
      base: access.base, fetcher: try doors.fetchers.fetcher(for: access.client),
      clock: doors.clock, metrics: metrics.kubernetes)
    return KubernetesTargets(
      config, api: api, namespaces: access.namespaces, clock: doors.clock,
      random: doors.random, log: log)
  }

  private func api(_ client: HTTPClientConfig, everyMs: Int64) throws -> APIClient {
    APIClient(try doors.fetchers.fetcher(for: client), timeoutMs: everyMs)
  }

  private func api(_ polling: PollingConfig) throws -> APIClient {
    try api(polling.client, everyMs: polling.refreshIntervalMs)
  }

  private func source(
    _ config: MechanismConfig
  ) throws -> (source: any TargetSource, everyMs: Int64) {
    switch config {
    case .dns(let config):
      let resolver = DNSResolver(files: doors.files, random: doors.random, log: log)
      let source = DNSTargets(config, resolver: resolver, metrics: metrics, log: log)
      return (source, config.refreshIntervalMs)
    case .docker(let config):
      let engine = try self.engine(config.host, config.filters, config.polling)
      return (DockerTargets(config: config, engine: engine), config.polling.refreshIntervalMs)
    case .dockerSwarm(let config):
      let engine = try self.engine(config.host, config.filters, config.polling)
      return (SwarmTargets(config: config, engine: engine), config.polling.refreshIntervalMs)
    case .nomad(let config):
      let api = try self.api(config.client, everyMs: config.refreshIntervalMs)
      return (
        NomadTargets(config: config, api: api, metrics: metrics), config.refreshIntervalMs
      )
    case .eureka(let config):
      let api = try self.api(config.client, everyMs: config.refreshIntervalMs)
      return (EurekaTargets(config: config, api: api), config.refreshIntervalMs)
    case .marathon(let config):
      let api = try self.api(config.client, everyMs: config.refreshIntervalMs)
      let source = MarathonTargets(
        config: config, api: api, files: doors.files, random: doors.random)
      return (source, config.refreshIntervalMs)
    case .ec2(let config):
      let access = self.access(config.account)
      let source = EC2Targets(
        config, api: try api(config.polling), access: access, clock: doors.clock)
      return (source, config.polling.refreshIntervalMs)
    case .lightsail(let config):
      let source = LightsailTargets(
        config: config, api: try api(config.polling), access: access(config.account),
        clock: doors.clock)
      return (source, config.polling.refreshIntervalMs)
    case .consul, .kubernetes, .kuma: preconditionFailure("\(config.kind) is not polled")
    default: return try cloud(config)
    }
  }

  private func access(_ account: AWSAccountConfig) -> AWSAccess {
    AWSAccess(
      account, files: doors.files, environment: doors.environment, fetchers: doors.fetchers,
      clock: doors.clock)
  }

  private func engine(
    _ host: String, _ filters: [DockerFilter], _ polling: PollingConfig
  ) throws -> DockerEngine {
    try DockerEngine(
      host: host, filters: filters, polling: polling, factory: doors.fetchers)
  }

  private func cloud(
    _ config: MechanismConfig
  ) throws -> (source: any TargetSource, everyMs: Int64) {
    func polled(
      _ polling: PollingConfig, _ make: (APIClient) -> any TargetSource
    ) throws -> (source: any TargetSource, everyMs: Int64) {
      (make(try api(polling)), polling.refreshIntervalMs)
    }
    switch config {
    case .digitalOcean(let config):
      return try polled(config.polling) { DigitalOceanTargets(config: config, api: $0) }
    case .hetzner(let config):
      return try polled(config.polling) { HetznerTargets(config: config, api: $0) }
    case .ionos(let config):
      return try polled(config.polling) { IONOSTargets(config: config, api: $0) }
    case .linode(let config):
      return try polled(config.polling) {
        LinodeTargets(config: config, api: $0, metrics: metrics)
      }
    case .openStack(let config):
      let whole = try config.completed(doors.environment)
      return try polled(config.polling) { OpenStackTargets(config: whole, api: $0) }
    case .puppetDB(let config):
      return try polled(config.polling) { PuppetDBTargets(config: config, api: $0) }
    case .scaleway(let config):
      return try polled(config.polling) {
        ScalewayTargets(config: config, api: $0, files: doors.files)
      }
    case .stackit(let config):
      return try polled(config.polling) { STACKITTargets(config: config, api: $0) }
    case .triton(let config):
      var client = HTTPClientConfig()
      client.tls = config.tls
      let api = try self.api(client, everyMs: config.refreshIntervalMs)
      return (TritonTargets(config: config, api: api), config.refreshIntervalMs)
    case .vultr(let config):
      return try polled(config.polling) { VultrTargets(config: config, api: $0) }
    default: preconditionFailure("\(config.kind) is no cloud")
    }
  }
}
