internal import ApusConfig
internal import ApusHTTP
internal import ApusModel

/// Instances of all applications that are registered with Eureka.
struct EurekaTargets: TargetSource {
  let config: EurekaDiscoveryConfig
  let api: APIClient

  private static let prefix = "__meta_eureka_app_instance_"

  func groups() async throws -> [TargetGroup] {
    var request = FetchRequest(
      url: config.server + "/apps", timeoutMs: api.timeoutMs,
      bodyBytesMax: Limits.answerBytesMax)
    request.headers = [(name: "Accept", value: "application/xml")]
    let answer = try await api.send(request, "eureka service discovery")
    let root = try await XMLTree.decode(answer.body)
    let targets = try root.all("application").flatMap { application in
      try application.all("instance").map { try target($0, application.text("name")) }
    }
    return [TargetGroup(source: "eureka", targets: targets, labels: .empty)]
  }

  private func target(_ instance: XMLTree, _ application: String) throws -> Labels {
    var labels = LabelsBuilder()
    labels.set("__meta_eureka_app_name", application)
    let host = instance.text("hostName")
    let port = try self.port(instance, "port")
    labels.set(LabelNames.address, MetaLabels.address(host, port?.number ?? 80))
    labels.set(LabelNames.instance, instance.text("instanceId"))
    let plain = [
      ("hostname", "hostName"), ("homepage_url", "homePageUrl"),
      ("statuspage_url", "statusPageUrl"), ("healthcheck_url", "healthCheckUrl"),
      ("ip_addr", "ipAddr"), ("vip_address", "vipAddress"),
      ("secure_vip_address", "secureVipAddress"), ("status", "status"), ("id", "instanceId"),
    ]
    for (name, element) in plain { labels.set(Self.prefix + name, instance.text(element)) }
    labels.set("\(Self.prefix)country_id", "\(Int64(instance.text("countryId")) ?? 0)")
    add(port, "port", to: &labels)
    add(try self.port(instance, "securePort"), "secure_port", to: &labels)
    if let center = instance["dataCenterInfo"] {
      labels.set("\(Self.prefix)datacenterinfo_name", center.text("name"))
      addMetadata(center, "datacenterinfo_metadata_", to: &labels)
    }
    addMetadata(instance, "metadata_", to: &labels)
    return labels.labels()
  }

  private struct Port {
    let number: Int64
    let isEnabled: Bool
  }

  private func port(_ instance: XMLTree, _ name: String) throws -> Port? {
    guard let element = instance[name] else { return nil }
    guard let number = Int64(element.trimmed) else {
      throw TargetSourceError(
        "the \(name) \(GoQuote.quote(element.trimmed)) of an instance is no number")
    }
    return Port(number: number, isEnabled: element.attributes["enabled"] == "true")
  }

  private func add(_ port: Port?, _ name: String, to labels: inout LabelsBuilder) {
    guard let port else { return }
    labels.set(Self.prefix + name, "\(port.number)")
    labels.set("\(Self.prefix)\(name)_enabled", "\(port.isEnabled)")
  }

  private func addMetadata(
    _ element: XMLTree, _ name: String, to labels: inout LabelsBuilder
  ) {
    for item in element["metadata"]?.children ?? [] {
      labels.set(Self.prefix + name + MetaLabels.name(item.name), item.inner)
    }
  }
}
