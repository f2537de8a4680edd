internal import ApusModel

extension SectionReader {
  func alerting(_ record: Record, validation: NameValidation) -> AlertingConfig {
    var config = AlertingConfig()
    config.relabelRules = relabelRules(
      record, "alert_relabel_configs", nullText: "empty or null alert relabeling rule",
      validation: validation)
    config.alertmanagers = record.objects("alertmanagers").compactMap { alertmanager in
      guard let alertmanager else {
        fail(record.line(of: "alertmanagers"), "empty or null alertmanager config section")
        return nil
      }
      return self.alertmanager(alertmanager, validation: validation)
    }
    return config
  }

  private func alertmanager(_ record: Record, validation: NameValidation) -> AlertmanagerConfig {
    let version = record.string("api_version")
    if !version.isEmpty && version != "v2" {
      fail(
        record.line(of: "api_version"),
        "expected Alertmanager api version to be one of [v2] but got \(version)")
    }
    if record.has("sigv4")
      && ["basic_auth", "authorization", "oauth2"].contains(where: { record.has($0) })
    {
      fail(
        record.line(of: "sigv4"),
        "at most one of basic_auth, authorization, oauth2, & sigv4 must be configured")
    }
    var config = AlertmanagerConfig()
    config.scheme = record.string("scheme")
    config.pathPrefix = record.string("path_prefix")
    config.timeoutMs = record.durationMs("timeout")
    config.client = httpClient(record)
    config.discovery = discovery(
      record, checksAddresses: record.objects("relabel_configs").isEmpty)
    config.relabelRules = relabelRules(
      record, "relabel_configs",
      nullText: "empty or null Alertmanager target relabeling rule", validation: validation)
    config.alertRelabelRules = relabelRules(
      record, "alert_relabel_configs",
      nullText: "empty or null Alertmanager alert relabeling rule", validation: validation)
    return config
  }
}
