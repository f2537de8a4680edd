internal import ApusModel

/// One instance, as DescribeInstances tells it.
struct EC2Instance {
  private let element: XMLTree

  init(_ element: XMLTree) { self.element = element }

  /// Nil for an instance without a usable address.
  func labels(
    region: String, owner: String, zoneIDs: [String: String], port: Int
  ) -> Labels? {
    let v6 = addressesV6()
    let privateIP = element.text("privateIpAddress")
    let firstV6 = (v6.primary + v6.all).first { !$0.isEmpty } ?? ""
    if privateIP.isEmpty && firstV6.isEmpty { return nil }
    let prefix = "__meta_ec2_"
    let zone = element["placement"]?.text("availabilityZone") ?? ""
    var labels = LabelsBuilder()
    labels.set(
      LabelNames.address, MetaLabels.address(privateIP.isEmpty ? firstV6 : privateIP, port))
    let texts = [
      ("region", region), ("owner_id", owner), ("default_ipv6_address", firstV6),
      ("private_ip", privateIP), ("instance_id", element.text("instanceId")),
      ("private_dns_name", element.text("privateDnsName")),
      ("platform", element.text("platform")), ("ami", element.text("imageId")),
      ("availability_zone", zone), ("availability_zone_id", zoneIDs[zone] ?? ""),
      ("instance_state", element["instanceState"]?.text("name") ?? ""),
      ("instance_type", element.text("instanceType")),
      ("instance_lifecycle", element.text("instanceLifecycle")),
      ("architecture", element.text("architecture")),
    ]
    for (name, value) in texts { labels.set(prefix + name, value) }
    let publicIP = element.text("ipAddress")
    if !publicIP.isEmpty {
      labels.set("\(prefix)public_ip", publicIP)
      labels.set("\(prefix)public_dns_name", element.text("dnsName"))
    }
    let lists = [("primary_ipv6_addresses", v6.primary), ("ipv6_addresses", v6.all)]
    for (name, list) in lists where !list.isEmpty {
      labels.set(prefix + name, MetaLabels.list(list))
    }
    if let network = element.optionalText("vpcId") {
      labels.set("\(prefix)vpc_id", network)
      labels.set("\(prefix)primary_subnet_id", element.text("subnetId"))
      labels.set("\(prefix)subnet_id", MetaLabels.list(subnets()))
    }
    for tag in element["tagSet"]?.all("item") ?? [] {
      labels.set("\(prefix)tag_\(MetaLabels.name(tag.text("key")))", tag["value"]?.text ?? "")
    }
    return labels.labels()
  }

  /// Network cards in a subnet.
  private var cards: [XMLTree] {
    guard element["vpcId"] != nil else { return [] }
    return (element["networkInterfaceSet"]?.all("item") ?? []).filter { $0["subnetId"] != nil }
  }

  /// Each once, in order.
  private func subnets() -> [String] {
    cards.map { $0.text("subnetId") }.reduce(into: []) { found, subnet in
      if !found.contains(subnet) { found.append(subnet) }
    }
  }

  /// All addresses, and the primary ones at the places of their cards.
  private func addressesV6() -> (all: [String], primary: [String]) {
    var all: [String] = []
    var primary: [String] = []
    for card in cards {
      for item in card["ipv6AddressesSet"]?.all("item") ?? [] {
        let address = item.text("ipv6Address")
        if address.isEmpty { continue }
        all.append(address)
        guard item.text("isPrimaryIpv6") == "true",
          let index = Int(card["attachment"]?.text("deviceIndex") ?? ""),
          (0..<256).contains(index)
        else { continue }
        while primary.count <= index { primary.append("") }
        primary[index] = address
      }
    }
    return (all, primary)
  }
}
