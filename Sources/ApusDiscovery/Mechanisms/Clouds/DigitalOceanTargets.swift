internal import ApusConfig
internal import ApusModel
internal import ApusSystem

/// Droplets of DigitalOcean, or its managed databases.
struct DigitalOceanTargets: TargetSource {
  let config: DigitalOceanDiscoveryConfig
  let api: APIClient
  var base = "https://api.digitalocean.com"

  private static let prefix = "__meta_digitalocean_"

  func groups() async throws -> [TargetGroup] {
    switch config.role {
    case .droplets:
      let droplets = try await all("droplets")
      return [
        TargetGroup(
          source: "DigitalOcean", targets: droplets.compactMap(droplet), labels: .empty)
      ]
    case .databases:
      let databases = try await all("databases")
      return [
        TargetGroup(
          source: "DigitalOcean_Database", targets: databases.compactMap(database),
          labels: .empty)
      ]
    }
  }

  /// All pages of a list. The addresses that the API gives for the next ones are not followed, for
  /// they could lead anywhere.
  private func all(_ what: String) async throws -> [JSONTree] {
    var found: [JSONTree] = []
    for page in 1...Limits.pagesMax {
      let answer = try await api.json(
        "\(base)/v2/\(what)?page=\(page)&per_page=200", "listing \(what) page \(page)"
      ).object("the answer")
      found += try answer[what].list(what)
      if answer["links"]["pages"]["next"].text.isEmpty { return found }
    }
    throw TargetSourceError("more than \(Limits.pagesMax) pages of \(what)")
  }

  private func droplet(_ droplet: JSONTree) -> Labels? {
    let v4 = droplet["networks"]["v4"].items
    if v4.isEmpty { return nil }
    func address(_ list: [JSONTree], _ type: String) -> String {
      list.first { $0["type"].text == type }?["ip_address"].text ?? ""
    }
    let publicIP = address(v4, "public")
    var labels = LabelsBuilder()
    labels.set(LabelNames.address, MetaLabels.address(publicIP, config.polling.port))
    let texts = [
      ("droplet_id", droplet["id"].integerText), ("droplet_name", droplet["name"].text),
      ("image", droplet["image"]["slug"].text), ("image_name", droplet["image"]["name"].text),
      ("private_ipv4", address(v4, "private")), ("public_ipv4", publicIP),
      ("public_ipv6", address(droplet["networks"]["v6"].items, "public")),
      ("region", droplet["region"]["slug"].text), ("size", droplet["size_slug"].text),
      ("status", droplet["status"].text), ("vpc", droplet["vpc_uuid"].text),
    ]
    for (name, value) in texts { labels.set(Self.prefix + name, value) }
    for name in ["features", "tags"] where !droplet[name].texts.isEmpty {
      labels.set(Self.prefix + name, MetaLabels.list(droplet[name].texts))
    }
    return labels.labels()
  }

  private func database(_ database: JSONTree) -> Labels? {
    let host = database["connection"]["host"].text
    let privateHost = database["private_connection"]["host"].text
    if database["connection"].isNull { return nil }
    var labels = LabelsBuilder()
    labels.set(
      LabelNames.address,
      MetaLabels.address(privateHost.isEmpty ? host : privateHost, config.polling.port))
    let texts = [
      ("id", database["id"].text), ("name", database["name"].text),
      ("engine", database["engine"].text), ("version", database["version"].text),
      ("status", database["status"].text), ("region", database["region"].text),
      ("size", database["size"].text), ("num_nodes", database["num_nodes"].integerText),
      ("host", host), ("private_host", privateHost),
    ]
    for (name, value) in texts { labels.set("\(Self.prefix)db_\(name)", value) }
    for tag in database["tags"].texts {
      labels.set("\(Self.prefix)db_tag_\(MetaLabels.name(tag))", "true")
    }
    return labels.labels()
  }
}
