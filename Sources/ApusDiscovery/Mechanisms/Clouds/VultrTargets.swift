internal import ApusConfig
internal import ApusModel
internal import ApusSystem

/// Instances of Vultr.
struct VultrTargets: TargetSource {
  let config: VultrDiscoveryConfig
  let api: APIClient
  var base = "https://api.vultr.com"

  func groups() async throws -> [TargetGroup] {
    var targets: [Labels] = []
    var cursor = ""
    for _ in 0..<Limits.pagesMax {
      let next = cursor.isEmpty ? "" : "&cursor=\(URLText.queryEscaped(cursor))"
      let answer = try await api.json(
        "\(base)/v2/instances?per_page=100\(next)", "listing instances"
      ).object("the answer")
      targets += try answer["instances"].list("instances").map(target)
      cursor = answer["meta"]["links"]["next"].text
      if cursor.isEmpty {
        return [TargetGroup(source: "Vultr", targets: targets, labels: .empty)]
      }
    }
    throw TargetSourceError("more than \(Limits.pagesMax) pages of instances")
  }

  private func target(_ instance: JSONTree) -> Labels {
    let prefix = "__meta_vultr_instance_"
    var labels = LabelsBuilder()
    labels.set(
      LabelNames.address, MetaLabels.address(instance["main_ip"].text, config.polling.port))
    let texts = [
      ("id", "id"), ("label", "label"), ("os", "os"), ("region", "region"), ("plan", "plan"),
      ("main_ip", "main_ip"), ("internal_ip", "internal_ip"), ("main_ipv6", "v6_main_ip"),
      ("hostname", "hostname"), ("server_status", "server_status"),
    ]
    for (name, member) in texts { labels.set(prefix + name, instance[member].text) }
    let numbers = [
      ("os_id", "os_id"), ("vcpu_count", "vcpu_count"), ("ram_mb", "ram"), ("disk_gb", "disk"),
      ("allowed_bandwidth_gb", "allowed_bandwidth"),
    ]
    for (name, member) in numbers { labels.set(prefix + name, instance[member].integerText) }
    for name in ["features", "tags"] where !instance[name].texts.isEmpty {
      labels.set(prefix + name, MetaLabels.list(instance[name].texts))
    }
    return labels.labels()
  }
}
