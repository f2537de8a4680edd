/// The keys of a configuration file.
enum ConfigSchema {
  static let root = Schema(
    "config.plain",
    [
      Field("global", .object(ScrapeSchema.global)),
      Field("runtime", .object(runtime)),
      Field("alerting", .object(alerting)),
      Field("rule_files", .strings),
      Field("scrape_config_files", .strings),
      Field(
        "scrape_configs", .objects(ScrapeSchema.job, goType: "[]*config.ScrapeConfig")),
      Field("storage", .object(storage)),
      Field("tracing", .object(tracing)),
      Field(
        "remote_write", .objects(RemoteSchema.write, goType: "[]*config.RemoteWriteConfig")),
      Field("remote_read", .objects(RemoteSchema.read, goType: "[]*config.RemoteReadConfig")),
      Field("otlp", .object(otlp)),
    ])

  static let runtime = Schema("config.RuntimeConfig", [Field("gogc", .int)])

  static let alerting = Schema(
    "config.plain",
    [
      SharedSchemas.relabelRules("alert_relabel_configs"),
      Field("alertmanagers", .objects(alertmanager, goType: "config.AlertmanagerConfigs")),
    ])

  static let alertmanager = Schema(
    "config.AlertmanagerConfig",
    HTTPClientSchema.fields() + [
      Field("sigv4", .object(RemoteSchema.sigv4)),
      Field("scheme", .string, preset: .string("http")),
      Field("path_prefix", .string),
      Field("timeout", .duration, preset: .duration(10_000)),
      Field("api_version", .string, preset: .string("v2"), shown: .always),
      SharedSchemas.relabelRules("relabel_configs"),
      SharedSchemas.relabelRules("alert_relabel_configs"),
    ] + SharedSchemas.discovery)

  static let storage = Schema(
    "config.StorageConfig",
    [
      Field("tsdb", .object(tsdb)),
      Field("exemplars", .object(exemplars)),
    ])

  static let tsdb = Schema(
    "config.plain",
    [
      Field("out_of_order_time_window", .duration),
      Field("stale_series_compaction_threshold", .float),
      Field("chunk_encoding", .object(chunkEncoding)),
      Field("retention", .object(retention)),
    ])

  static let chunkEncoding = Schema(
    "config.ChunkEncodingConfig", [Field("floats", .string)])

  static let retention = Schema(
    "config.TSDBRetentionConfig",
    [
      Field("time", .duration),
      Field("size", .size),
      Field("percentage", .float),
    ])

  static let exemplars = Schema(
    "config.ExemplarsConfig", [Field("max_exemplars", .int)])

  static let tracing = Schema(
    "config.plain",
    [
      Field("client_type", .string, preset: .string("grpc")),
      Field("endpoint", .string),
      Field("sampling_fraction", .float),
      Field("insecure", .bool),
      Field("tls_config", .object(HTTPClientSchema.tls)),
      Field("headers", .stringMap),
      Field("compression", .string),
      Field("timeout", .duration),
    ])

  static let otlp = Schema(
    "config.plain",
    [
      Field("promote_all_resource_attributes", .bool),
      Field("promote_resource_attributes", .strings),
      Field("ignore_resource_attributes", .strings),
      Field(
        "translation_strategy", .string, preset: .string("UnderscoreEscapingWithSuffixes")),
      Field("keep_identifying_resource_attributes", .bool),
      Field("convert_histograms_to_nhcb", .bool),
      Field("promote_scope_metadata", .bool),
      Field("label_name_underscore_sanitization", .bool, preset: .bool(true)),
      Field("label_name_preserve_multiple_underscores", .bool, preset: .bool(true)),
    ])
}
