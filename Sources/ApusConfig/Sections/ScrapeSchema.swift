/// The keys of `global` and of a scrape config.
enum ScrapeSchema {
  private static let limits = [
    Field("body_size_limit", .size),
    Field("sample_limit", .uint),
    Field("target_limit", .uint),
    Field("label_limit", .uint),
    Field("label_name_length_limit", .uint),
    Field("label_value_length_limit", .uint),
  ]

  static let global = Schema(
    "config.plain",
    [
      Field("scrape_interval", .duration),
      Field("scrape_timeout", .duration),
      Field("scrape_protocols", .strings),
      Field("evaluation_interval", .duration),
      Field("rule_query_offset", .duration),
      Field("query_log_file", .string),
      Field("scrape_failure_log_file", .string),
      Field("external_labels", .stringMap),
    ] + limits + [
      Field("keep_dropped_targets", .uint),
      Field("metric_name_validation_scheme", .string),
      Field("metric_name_escaping_scheme", .string),
      Field("scrape_native_histograms", .bool),
      Field("convert_classic_histograms_to_nhcb", .bool),
      Field("always_scrape_classic_histograms", .bool),
      Field("extra_scrape_metrics", .bool),
    ])

  static let job = Schema(
    "config.ScrapeConfig",
    [
      Field("job_name", .string, shown: .always),
      Field("honor_labels", .bool),
      Field("honor_timestamps", .bool, preset: .bool(true), shown: .always),
      Field("track_timestamps_staleness", .bool, shown: .always),
      Field("params", .stringsMap),
      Field("scrape_interval", .duration),
      Field("scrape_timeout", .duration),
      Field("scrape_protocols", .strings),
      Field("fallback_scrape_protocol", .string),
      Field("scrape_native_histograms", .bool, shown: .always),
      Field("always_scrape_classic_histograms", .bool, shown: .always),
      Field("convert_classic_histograms_to_nhcb", .bool, shown: .always),
      Field("scrape_failure_log_file", .string),
      Field("metrics_path", .string, preset: .string("/metrics")),
      Field("scheme", .string, preset: .string("http")),
      Field("enable_compression", .bool, preset: .bool(true), shown: .always),
    ] + limits + [
      Field("native_histogram_bucket_limit", .uint),
      Field("native_histogram_min_bucket_factor", .float),
      Field("keep_dropped_targets", .uint),
      Field("metric_name_validation_scheme", .string),
      Field("metric_name_escaping_scheme", .string),
      Field("extra_scrape_metrics", .bool, shown: .always),
    ] + HTTPClientSchema.fields() + [
      SharedSchemas.relabelRules("relabel_configs"),
      SharedSchemas.relabelRules("metric_relabel_configs"),
    ] + SharedSchemas.discovery)

  /// A file named by `scrape_config_files`.
  static let file = Schema(
    "config.ScrapeConfigs",
    [Field("scrape_configs", .objects(job, goType: "[]*config.ScrapeConfig"))])
}
