internal import ApusConfig
internal import ApusModel
internal import ApusSystem

/// Instances or baremetal servers of Scaleway.
struct ScalewayTargets: TargetSource {
  let config: ScalewayDiscoveryConfig
  let api: APIClient
  let files: any FileSystem

  private static let pageCount = 100

  func groups() async throws -> [TargetGroup] {
    var api = api
    let token =
      config.secretKeyFile.isEmpty
      ? config.secretKey.text
      : try SecretFile.read(config.secretKeyFile, "auth token", files)
    api.headers.append((name: "X-Auth-Token", value: token))
    let targets =
      config.role == .instance ? try await instances(api) : try await baremetal(api)
    return [TargetGroup(source: "scaleway", targets: targets, labels: .empty)]
  }

  private func base(_ product: String) -> String {
    let url = config.apiURL.hasSuffix("/") ? String(config.apiURL.dropLast()) : config.apiURL
    return "\(url)/\(product)/v1/zones/\(URLText.escaped(config.zone, blank: "%20"))"
  }

  /// All pages of a list.
  private func all(
    _ api: APIClient, _ url: String, _ what: String, sizeName: String,
    query: [(String, String)] = []
  ) async throws -> [JSONTree] {
    var found: [JSONTree] = []
    for page in 1...Limits.pagesMax {
      let text = (query + [("page", "\(page)"), (sizeName, "\(Self.pageCount)")])
        .map { "\($0)=\(URLText.queryEscaped($1))" }.joined(separator: "&")
      let answer = try await api.json("\(url)?\(text)", "listing \(what)").object("the answer")
      let items = try answer[what].list(what)
      found += items
      if items.count < Self.pageCount { return found }
    }
    throw TargetSourceError("more than \(Limits.pagesMax) pages of \(what)")
  }

  private func instances(_ api: APIClient) async throws -> [Labels] {
    var query = [("project", config.projectID)]
    if !config.nameFilter.isEmpty { query.append(("name", config.nameFilter)) }
    if !config.tagsFilter.isEmpty {
      query.append(("tags", config.tagsFilter.joined(separator: ",")))
    }
    return try await all(
      api, base("instance") + "/servers", "servers", sizeName: "per_page", query: query
    ).compactMap(instance)
  }

  /// Nil for one without an address.
  private func instance(_ server: JSONTree) -> Labels? {
    let prefix = "__meta_scaleway_instance_"
    let zone = server["zone"].text
    var labels = LabelsBuilder()
    let texts = [
      ("boot_type", server["boot_type"].text), ("hostname", server["hostname"].text),
      ("id", server["id"].text), ("name", server["name"].text),
      ("organization_id", server["organization"].text), ("project_id", server["project"].text),
      ("status", server["state"].text), ("type", server["commercial_type"].text),
      ("zone", zone), ("image_arch", server["image"]["arch"].text),
      ("image_id", server["image"]["id"].text), ("image_name", server["image"]["name"].text),
      ("location_cluster_id", server["location"]["cluster_id"].text),
      ("location_hypervisor_id", server["location"]["hypervisor_id"].text),
      ("location_node_id", server["location"]["node_id"].text),
      ("security_group_id", server["security_group"]["id"].text),
      ("security_group_name", server["security_group"]["name"].text),
      ("region", zone.lastIndex(of: "-").map { String(zone[..<$0]) } ?? ""),
      ("public_ipv6", server["ipv6"]["address"].text),
      ("public_ipv4", publicV4(server)),
      ("private_ipv4", server["private_ip"].text),
    ]
    for (name, value) in texts { labels.set(prefix + name, value) }
    let tags = server["tags"].texts
    if !tags.isEmpty { labels.set("\(prefix)tags", MetaLabels.list(tags)) }
    func addresses(_ family: String) -> [String] {
      server["public_ips"].items.filter { $0["family"].text == family }
        .map { $0["address"].text }
    }
    let (v4, v6) = (addresses("inet"), addresses("inet6"))
    if !v4.isEmpty { labels.set("\(prefix)public_ipv4_addresses", MetaLabels.list(v4)) }
    if !v6.isEmpty { labels.set("\(prefix)public_ipv6_addresses", MetaLabels.list(v6)) }
    let wanted = [
      server["private_ip"].text, server["public_ip"]["address"].text,
      server["ipv6"]["address"].text, v4.first ?? "", v6.first ?? "",
    ]
    guard let address = wanted.first(where: { !$0.isEmpty }) else { return nil }
    labels.set(LabelNames.address, MetaLabels.address(address, config.polling.port))
    return labels.labels()
  }

  /// The one public address, unless it is one of IPv6.
  private func publicV4(_ server: JSONTree) -> String {
    let address = server["public_ip"]["address"].text
    return IPAddressText.isV6(address) ? "" : address
  }

  private func baremetal(_ api: APIClient) async throws -> [Labels] {
    var query = [("project_id", config.projectID)]
    if !config.nameFilter.isEmpty { query.append(("name", config.nameFilter)) }
    query += config.tagsFilter.map { ("tags", $0) }
    let url = base("baremetal")
    let servers = try await all(
      api, "\(url)/servers", "servers", sizeName: "page_size", query: query)
    func byID(_ items: [JSONTree]) -> [String: JSONTree] {
      Dictionary(items.map { ($0["id"].text, $0) }, uniquingKeysWith: { $1 })
    }
    let offers = byID(try await all(api, "\(url)/offers", "offers", sizeName: "page_size"))
    let systems = byID(try await all(api, "\(url)/os", "os", sizeName: "page_size"))
    return servers.flatMap { server in
      var labels = LabelsBuilder()
      let prefix = "__meta_scaleway_baremetal_"
      let system = systems[server["install"]["os_id"].text]
      let texts = [
        ("id", server["id"].text), ("name", server["name"].text), ("zone", server["zone"].text),
        ("status", server["status"].text), ("project_id", server["project_id"].text),
        ("type", offers[server["offer_id"].text]?["name"].text ?? ""),
        ("os_name", system?["name"].text ?? ""), ("os_version", system?["version"].text ?? ""),
      ]
      for (name, value) in texts { labels.set(prefix + name, value) }
      let tags = server["tags"].texts
      if !tags.isEmpty { labels.set("\(prefix)tags", MetaLabels.list(tags)) }
      return targets(server["ips"].items, labels, prefix)
    }
  }

  /// One for each address.
  private func targets(
    _ addresses: [JSONTree], _ base: LabelsBuilder, _ prefix: String
  ) -> [Labels] {
    addresses.map { ip in
      var labels = base
      let address = ip["address"].text
      let family = IPAddressText.isV6(address) ? "public_ipv6" : "public_ipv4"
      labels.set(prefix + family, address)
      labels.set(LabelNames.address, MetaLabels.address(address, config.polling.port))
      return labels.labels()
    }
  }
}
