internal import ApusModel

extension SectionReader {
  /// The mechanisms of a job or of a set of Alertmanagers.
  func discovery(_ record: Record, checksAddresses: Bool) -> DiscoveryConfigs {
    var configs = DiscoveryConfigs()
    configs.staticGroups = staticGroups(record, checksAddresses: checksAddresses)
    configs.files = record.objects("file_sd_configs").compactMap { file in
      guard let file else {
        fail(record.line(of: "file_sd_configs"), "empty or null section in file_sd_configs")
        return nil
      }
      return fileDiscovery(file)
    }
    configs.http = record.objects("http_sd_configs").compactMap { http in
      guard let http else {
        fail(record.line(of: "http_sd_configs"), "empty or null section in http_sd_configs")
        return nil
      }
      return httpDiscovery(http)
    }
    for mechanism in DiscoveryMechanism.all {
      for item in record.objects(mechanism.key) {
        guard let item else {
          fail(record.line(of: mechanism.key), "empty or null section in \(mechanism.key)")
          continue
        }
        if let config = mechanism.read(self, item) { configs.others.append(config) }
      }
    }
    return configs
  }

  private func staticGroups(_ record: Record, checksAddresses: Bool) -> [TargetGroup] {
    var groups: [TargetGroup] = []
    for group in record.objects("static_configs") {
      guard let group else {
        fail(record.line(of: "static_configs"), "empty or null section in static_configs")
        continue
      }
      let addresses = group.strings("targets")
      if checksAddresses {
        for address in addresses where address.utf8.contains(UInt8(ascii: "/")) {
          fail(
            group.line(of: "targets"), "\(GoQuote.quote(address)) is not a valid hostname")
        }
      }
      groups.append(
        TargetGroup(
          source: "\(groups.count)",
          targets: addresses.map { Labels([Label(LabelNames.address, $0)]) },
          labels: Labels(labels(group, "labels", validation: .utf8))))
    }
    return groups
  }

  private func fileDiscovery(_ record: Record) -> FileDiscoveryConfig? {
    let patterns = record.strings("files")
    if patterns.isEmpty && !record.isUnreadable("files") {
      fail(record.line, "file service discovery config must contain at least one path name")
    }
    for pattern in patterns where !ConfigPattern.isTargetFile(pattern) {
      fail(
        record.line(of: "files"),
        "path name \(GoQuote.quote(pattern)) is not valid for file discovery")
    }
    return FileDiscoveryConfig(
      patterns: paths(record, "files"),
      refreshIntervalMs: record.durationMs("refresh_interval"))
  }

  private func httpDiscovery(_ record: Record) -> HTTPDiscoveryConfig {
    HTTPDiscoveryConfig(
      url: serverURL(record, "url"), refreshIntervalMs: record.durationMs("refresh_interval"),
      client: httpClient(record))
  }

  /// An address that an HTTP client can ask.
  func serverURL(_ record: Record, _ name: String) -> String {
    let url = record.string(name)
    let line = record.line(of: name)
    let parts = GoURL.parts(url)
    if url.isEmpty {
      if !record.isUnreadable(name) { fail(line, "URL is missing") }
    } else if let problem = GoURL.problem(url) {
      fail(line, problem)
    } else if parts.scheme != "http" && parts.scheme != "https" {
      fail(line, "URL scheme must be 'http' or 'https'")
    } else if parts.host.isEmpty {
      fail(line, "host is missing in URL")
    }
    return url
  }
}

/// Shapes of paths that a configuration may name.
enum ConfigPattern {
  /// `*` only in the last element: `^[^*]*(\*[^/]*)?$`
  static func isGlob(_ path: String) -> Bool {
    guard let star = path.utf8.firstIndex(of: UInt8(ascii: "*")) else { return true }
    return !path.utf8[star...].contains(UInt8(ascii: "/"))
  }

  /// `^[^*]*(\*[^/]*)?\.(json|yml|yaml|JSON|YML|YAML)$`
  static func isTargetFile(_ path: String) -> Bool {
    let endings = [".json", ".yml", ".yaml", ".JSON", ".YML", ".YAML"]
    guard let ending = endings.first(where: { path.hasSuffix($0) }) else { return false }
    return isGlob(String(path.dropLast(ending.count)))
  }
}
