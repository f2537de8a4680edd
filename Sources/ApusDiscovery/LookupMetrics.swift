internal import ApusTelemetry

/// What single mechanisms count besides the refreshes that all have.
struct LookupMetrics: Sendable {
  let dnsLookups: Counter
  let dnsLookupFailures: Counter
  let consulFailures: Counter
  let consulDurations: MetricFamily<Summary>
  let kumaFailures: Counter
  let kumaSkippedUpdates: Counter
  let kumaDurations: Summary
  let linodeFailures: Counter
  let nomadFailures: Counter

  init(_ registry: MetricRegistry) {
    dnsLookups = registry.counter(
      "prometheus_sd_dns_lookups_total", help: "The number of DNS-SD lookups.")
    dnsLookupFailures = registry.counter(
      "prometheus_sd_dns_lookup_failures_total", help: "The number of DNS-SD lookup failures.")
    consulFailures = registry.counter(
      "prometheus_sd_consul_rpc_failures_total",
      help: "The number of Consul RPC call failures.")
    consulDurations = registry.summaries(
      "prometheus_sd_consul_rpc_duration_seconds",
      help: "The duration of a Consul RPC call in seconds.", labels: ["endpoint", "call"],
      quantiles: DiscoveryMetrics.quantiles)
    for call in ["service", "services"] { _ = consulDurations["catalog", call] }
    kumaFailures = registry.counter(
      "prometheus_sd_kuma_fetch_failures_total",
      help: "The number of Kuma MADS fetch call failures.")
    kumaSkippedUpdates = registry.counter(
      "prometheus_sd_kuma_fetch_skipped_updates_total",
      help: "The number of Kuma MADS fetch calls that result in no updates to the targets.")
    kumaDurations = registry.summary(
      "prometheus_sd_kuma_fetch_duration_seconds",
      help: "The duration of a Kuma MADS fetch call.", quantiles: DiscoveryMetrics.quantiles)
    linodeFailures = registry.counter(
      "prometheus_sd_linode_failures_total",
      help: "Number of Linode service discovery refresh failures.")
    nomadFailures = registry.counter(
      "prometheus_sd_nomad_failures_total",
      help: "Number of nomad service discovery refresh failures.")
  }
}
