internal import ApusPromQLSyntax
internal import ApusTemplate
internal import ApusWeb

/// What this server can do, by Prometheus's names: the answer of /api/v1/features.
struct ServerFeatures {
  let settings: Settings

  /// Sorted, and sorted within.
  var categories: [FeatureCategory] {
    [
      ("api", api),
      ("otlp_receiver", ["delta_conversion": false, "native_delta_ingestion": false]),
      ("prometheus", process), ("promql", language), ("promql_functions", functions),
      ("promql_operators", operators), ("rules", rules), ("scrape", scrape),
      ("service_discovery_providers", ["file": true, "http": true, "static": true]),
      ("templating_functions", templates), ("tsdb", storage),
      ("ui", ["ui_v2": false, "ui_v3": true]),
    ].map { name, features in
      FeatureCategory(
        name: name,
        features: features.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
          .map { (name: $0.key, isOn: $0.value) })
    }
  }

  private var api: [String: Bool] {
    [
      "admin": settings.flags.bool("web.enable-admin-api"), "exclude_alerts": true,
      "label_values_match": true, "lifecycle": settings.flags.bool("web.enable-lifecycle"),
      "openapi_3.1": true, "openapi_3.2": true,
      "otlp_write_receiver": settings.flags.bool("web.enable-otlp-receiver"),
      "query_stats": true, "query_warnings": true,
      "remote_write_receiver": settings.flags.bool("web.enable-remote-write-receiver"),
      "time_range_labels": true, "time_range_series": true,
    ]
  }

  private var process: [String: Bool] {
    [
      "agent_mode": false, "server_mode": true, "stringlabels": true,
      "auto_reload_config": settings.features.has("auto-reload-config")
        || settings.flags.bool("config.auto-reload"),
    ]
  }

  private var language: [String: Bool] {
    let always = [
      "at_modifier", "bool", "by", "duration_expr", "group_left", "group_right", "ignoring",
      "negative_offset", "offset", "on", "per_query_lookback_delta", "subqueries", "without",
    ]
    var all = Dictionary(uniqueKeysWithValues: always.map { ($0, true) })
    let options = settings.parserOptions
    for name in ["anchored", "smoothed"] { all[name] = options.extendedRangeSelectors }
    for name in ["fill", "fill_left", "fill_right"] { all[name] = options.fillModifiers }
    all["delayed_name_removal"] = settings.features.has("promql-delayed-name-removal")
    all["per_step_stats"] = settings.features.has("promql-per-step-stats")
    all["type_and_unit_labels"] = settings.addsTypeAndUnit
    return all
  }

  private var hasExperiments: Bool { settings.parserOptions.experimentalFunctions }

  private var functions: [String: Bool] {
    FunctionTable.byName.mapValues { !$0.isExperimental || hasExperiments }
  }

  private var operators: [String: Bool] {
    var all = ["@": true, "=~": true, "!~": true]
    for op in BinaryOperator.allCases { all[op.rawValue] = true }
    for op in AggregateOperator.allCases {
      all[op.rawValue] = !op.isExperimental || hasExperiments
    }
    return all
  }

  private var rules: [String: Bool] {
    ["concurrent_rule_eval": true, "keep_firing_for": true, "query_offset": true]
  }

  private var scrape: [String: Bool] {
    [
      "extra_scrape_metrics": true, "start_timestamp_zero_ingestion": false,
      "type_and_unit_labels": false,
    ]
  }

  private var templates: [String: Bool] {
    Dictionary(uniqueKeysWithValues: Template.prometheusFunctions.map { ($0, true) })
  }

  private var storage: [String: Bool] {
    [
      "delayed_compaction": false, "exemplar_storage": settings.features.has("exemplar-storage"),
      "isolation": true, "native_histograms": true, "use_uncached_io": false,
    ]
  }
}
