/// Resources that a PuppetDB query gives.
package struct PuppetDBDiscoveryConfig: Sendable, Equatable {
  /// Of the server, without `/pdb/query/v4`.
  package var url: String
  package var query: String
  /// Whether resources' parameters become labels, secrets among them.
  package var includesParameters = false
  package var polling = PollingConfig()

  package init(url: String, query: String) {
    self.url = url
    self.query = query
  }
}

extension DiscoveryMechanism {
  static let puppetDB = DiscoveryMechanism(
    "puppetdb",
    Schema(
      "puppetdb.plain",
      HTTPClientSchema.fields() + [
        Field("refresh_interval", .duration, preset: .duration(60_000)),
        Field("url", .string, shown: .always),
        Field("query", .string, shown: .always),
        Field("include_parameters", .bool, shown: .always),
        Field("port", .int, preset: .int(80), shown: .always),
      ]),
    "[]*puppetdb.SDConfig"
  ) { reader, record in
    var config = PuppetDBDiscoveryConfig(
      url: reader.serverURL(record, "url"), query: record.string("query"))
    if config.query.isEmpty && !record.isUnreadable("query") {
      reader.fail(record.line, "query missing")
    }
    config.includesParameters = record.bool("include_parameters")
    config.polling = reader.polling(record)
    return .puppetDB(config)
  }
}
