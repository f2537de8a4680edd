internal import ApusConfig
internal import ApusHTTP
internal import ApusModel
internal import ApusSystem

/// Instances of AWS Lightsail.
struct LightsailTargets: TargetSource {
  let config: LightsailDiscoveryConfig
  let api: APIClient
  let access: AWSAccess
  let clock: any WallClock

  func groups() async throws -> [TargetGroup] {
    let region = try await access.region()
    let keys = try await access.keys(region: region)
    let signer = SigV4(keys: keys, region: region, service: "lightsail")
    let endpoint = access.endpoint(region, service: "lightsail")
    var targets: [Labels] = []
    var next = ""
    for _ in 0..<Limits.pagesMax {
      let answer = try await page(next, endpoint, signer)
      targets += try answer["instances"].list("instances").compactMap { target($0, region) }
      next = answer["nextPageToken"].text
      if next.isEmpty {
        return [TargetGroup(source: region, targets: targets, labels: .empty)]
      }
    }
    throw TargetSourceError("more than \(Limits.pagesMax) pages of instances")
  }

  private func page(
    _ token: String, _ endpoint: String, _ signer: SigV4
  ) async throws -> JSONTree {
    let body = token.isEmpty ? "{}" : "{\"pageToken\":\(JSONText.quoted(token))}"
    var request = FetchRequest(
      url: endpoint + "/", timeoutMs: api.timeoutMs, bodyBytesMax: Limits.answerBytesMax)
    request.method = "POST"
    request.body = Array(body.utf8)
    let own = [
      (name: "content-type", value: "application/x-amz-json-1.1"),
      (name: "x-amz-target", value: "Lightsail_20161128.GetInstances"),
    ]
    request.headers =
      own
      + signer.headers(
        method: "POST", host: AWSAccess.host(of: endpoint), path: "/", headers: own,
        body: request.body, nowMs: clock.nowMs)
    let answer = try await api.send(request, "could not get instances")
    return try await JSONTree.decode(answer.body).object("the answer")
  }

  /// Nil for an instance without an address.
  private func target(_ instance: JSONTree, _ region: String) -> Labels? {
    let address = instance["privateIpAddress"].text
    if address.isEmpty { return nil }
    let prefix = "__meta_lightsail_"
    var labels = LabelsBuilder()
    labels.set(LabelNames.address, MetaLabels.address(address, config.polling.port))
    let texts = [
      ("availability_zone", instance["location"]["availabilityZone"].text),
      ("blueprint_id", instance["blueprintId"].text), ("bundle_id", instance["bundleId"].text),
      ("instance_name", instance["name"].text),
      ("instance_state", instance["state"]["name"].text),
      ("instance_support_code", instance["supportCode"].text), ("private_ip", address),
      ("public_ip", instance["publicIpAddress"].text), ("region", region),
    ]
    for (name, value) in texts { labels.set(prefix + name, value) }
    let v6 = instance["ipv6Addresses"].texts
    if !v6.isEmpty { labels.set("\(prefix)ipv6_addresses", MetaLabels.list(v6)) }
    for tag in instance["tags"].items {
      labels.set("\(prefix)tag_\(MetaLabels.name(tag["key"].text))", tag["value"].text)
    }
    return labels.labels()
  }
}
