/// The settings of one mechanism that asks somebody else who is out there.
package enum MechanismConfig: Sendable, Equatable {
  case consul(ConsulDiscoveryConfig)
  case digitalOcean(DigitalOceanDiscoveryConfig)
  case dns(DNSDiscoveryConfig)
  case docker(DockerDiscoveryConfig)
  case dockerSwarm(DockerSwarmDiscoveryConfig)
  case ec2(EC2DiscoveryConfig)
  case eureka(EurekaDiscoveryConfig)
  case hetzner(HetznerDiscoveryConfig)
  case ionos(IONOSDiscoveryConfig)
  case kubernetes(KubernetesDiscoveryConfig)
  case kuma(KumaDiscoveryConfig)
  case lightsail(LightsailDiscoveryConfig)
  case linode(LinodeDiscoveryConfig)
  case marathon(MarathonDiscoveryConfig)
  case nomad(NomadDiscoveryConfig)
  case openStack(OpenStackDiscoveryConfig)
  case puppetDB(PuppetDBDiscoveryConfig)
  case scaleway(ScalewayDiscoveryConfig)
  case stackit(STACKITDiscoveryConfig)
  case triton(TritonDiscoveryConfig)
  case vultr(VultrDiscoveryConfig)

  /// As in the key of the configuration, such as `dns` of `dns_sd_configs`.
  package var kind: String {
    switch self {
    case .consul: "consul"
    case .digitalOcean: "digitalocean"
    case .dns: "dns"
    case .docker: "docker"
    case .dockerSwarm: "dockerswarm"
    case .ec2: "ec2"
    case .eureka: "eureka"
    case .hetzner: "hetzner"
    case .ionos: "ionos"
    case .kubernetes: "kubernetes"
    case .kuma: "kuma"
    case .lightsail: "lightsail"
    case .linode: "linode"
    case .marathon: "marathon"
    case .nomad: "nomad"
    case .openStack: "openstack"
    case .puppetDB: "puppetdb"
    case .scaleway: "scaleway"
    case .stackit: "stackit"
    case .triton: "triton"
    case .vultr: "vultr"
    }
  }
}

/// What all mechanisms share that ask an HTTP API again and again.
package struct PollingConfig: Sendable, Equatable {
  /// The port of the targets, where the API does not tell one.
  package var port = 80
  package var refreshIntervalMs: Int64 = 60_000
  package var client = HTTPClientConfig()

  package init() {}
}
