internal import ApusConfig
internal import ApusHTTP
internal import ApusModel
internal import ApusSystem

/// Resources that a PuppetDB query gives.
struct PuppetDBTargets: TargetSource {
  let config: PuppetDBDiscoveryConfig
  let api: APIClient

  private static let prefix = "__meta_puppetdb_"

  func groups() async throws -> [TargetGroup] {
    let slash = config.url.hasSuffix("/") ? "" : "/"
    let url = "\(config.url)\(slash)pdb/query/v4"
    var request = FetchRequest(
      url: url, timeoutMs: api.timeoutMs, bodyBytesMax: Limits.answerBytesMax)
    request.method = "POST"
    request.body = Array("{\"query\":\(JSONText.quoted(config.query))}".utf8)
    request.headers = [
      (name: "Accept", value: "application/json"),
      (name: "Content-Type", value: "application/json"),
    ]
    let answer = try await api.send(request, "query")
    let type = answer.header("Content-Type") ?? ""
    guard answer.status == 200 else {
      throw TargetSourceError("server returned HTTP status \(answer.status)")
    }
    guard ContentType.isJSON(type) else {
      throw TargetSourceError("unsupported content type \(type)")
    }
    let resources = try await JSONTree.decode(answer.body).list("the list of resources")
    return [
      TargetGroup(
        source: "\(url)?query=\(config.query)", targets: resources.map(target), labels: .empty)
    ]
  }

  private func target(_ resource: JSONTree) -> Labels {
    var labels = LabelsBuilder()
    labels.set(
      LabelNames.address, MetaLabels.address(resource["certname"].text, config.polling.port))
    labels.set("\(Self.prefix)query", config.query)
    for name in ["certname", "resource", "type", "title", "file", "environment"] {
      labels.set(Self.prefix + name, resource[name].text)
    }
    labels.set("\(Self.prefix)exported", "\(resource["exported"].isTrue)")
    if !resource["tags"].texts.isEmpty {
      labels.set("\(Self.prefix)tags", MetaLabels.list(resource["tags"].texts))
    }
    if config.includesParameters {
      for (name, value) in Self.pairs(resource["parameters"].members) {
        labels.set("\(Self.prefix)parameter_\(name)", value)
      }
    }
    return labels.labels()
  }

  /// Parameters as label names and values; those inside of others with the names of both.
  private static func pairs(_ parameters: [String: JSONTree]) -> [(String, String)] {
    parameters.sorted { $0.key < $1.key }.flatMap { name, value -> [(String, String)] in
      switch value {
      case .object(let members):
        return pairs(members).map { (MetaLabels.name("\(name)_") + $0.0, $0.1) }
      case .list(let items):
        return [(MetaLabels.name(name), items.map(plain).joined(separator: ","))]
      default: return [(MetaLabels.name(name), plain(value))]
      }
    }
  }

  private static func plain(_ value: JSONTree) -> String {
    switch value {
    case .string(let text): text
    case .bool(let flag): "\(flag)"
    case .number: value.double.map { FloatText.g($0) } ?? ""
    default: ""
    }
  }
}
