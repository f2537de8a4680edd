internal import ApusModel

extension SectionReader {
  func storage(_ record: Record) -> StorageConfig {
    var config = StorageConfig()
    if let tsdb = record.object("tsdb") {
      config.outOfOrderWindowMs = tsdb.durationMs("out_of_order_time_window")
      config.staleSeriesThreshold = tsdb.float("stale_series_compaction_threshold")
      if !(0...1).contains(config.staleSeriesThreshold) {
        fail(
          tsdb.line(of: "stale_series_compaction_threshold"),
          "'storage.tsdb.stale_series_compaction_threshold' must be in the range [0, 1], got "
            + FloatText.g(config.staleSeriesThreshold))
      }
      if let encoding = tsdb.object("chunk_encoding"), encoding.has("floats") {
        config.floatChunkEncoding = floatEncoding(encoding)
      }
      if let retention = tsdb.object("retention") { read(retention, &config) }
    }
    if let exemplars = record.object("exemplars") {
      config.exemplarsMax = Int(clamping: max(0, exemplars.int("max_exemplars")))
    }
    return config
  }

  private func floatEncoding(_ record: Record) -> String {
    let text = record.string("floats")
    if text != "xor" && text != "xor2" {
      fail(
        record.line(of: "floats"),
        "'storage.tsdb.chunk_encoding.floats' must be 'xor' or 'xor2', or the field must be "
          + "omitted entirely, got \(GoQuote.quote(text))")
    }
    return text
  }

  private func read(_ record: Record, _ config: inout StorageConfig) {
    if record.durationMs("time") > 0 { config.retentionMs = record.durationMs("time") }
    let size = record.sizeBytes("size")
    if size < 0 {
      fail(
        record.line(of: "size"),
        "'storage.tsdb.retention.size' must be greater than or equal to 0, got \(size)")
    } else if size > 0 {
      config.retentionBytes = size
    }
    let percentage = record.float("percentage")
    if !(0...100).contains(percentage) {
      fail(
        record.line(of: "percentage"),
        "'storage.tsdb.retention.percentage' must be in the range [0, 100], got "
          + FloatText.g(percentage))
    } else if percentage > 0 {
      config.retentionPercentage = percentage
    }
  }

  func tracing(_ record: Record) -> TracingConfig {
    var config = TracingConfig()
    config.clientType = record.string("client_type")
    if config.clientType != "http" && config.clientType != "grpc" {
      fail(
        record.line(of: "client_type"),
        "expected tracing client type to be to be http or grpc, but got \(config.clientType)")
    }
    config.endpoint = record.string("endpoint")
    if config.endpoint.isEmpty && !record.isUnreadable("endpoint") {
      fail(record.line, "tracing endpoint must be set")
    }
    for header in record.stringMap("headers") {
      if header.key.lowercased() == "authorization" {
        fail(header.line, "custom authorization header configuration is not yet supported")
      } else {
        checkReserved(header)
      }
    }
    config.headers = headers(record)
    config.samplingFraction = record.float("sampling_fraction")
    config.isInsecure = record.bool("insecure")
    config.compression = record.string("compression")
    if !config.compression.isEmpty && config.compression != "gzip" {
      fail(
        record.line(of: "compression"),
        "invalid compression type \(config.compression) provided, valid options: gzip")
    }
    config.timeoutMs = record.durationMs("timeout")
    config.tls = record.object("tls_config").map(tls) ?? TLSConfig()
    return config
  }

  func otlp(_ record: Record, validation: NameValidation) -> OTLPConfig {
    var config = OTLPConfig()
    config.promotesAllResourceAttributes = record.bool("promote_all_resource_attributes")
    config.promotedResourceAttributes = record.strings("promote_resource_attributes")
    config.ignoredResourceAttributes = record.strings("ignore_resource_attributes")
    checkAttributes(record, config)
    let strategy = record.string("translation_strategy")
    let line = record.line(of: "translation_strategy")
    if let known = OTLPTranslation(rawValue: strategy) {
      config.translation = known
      if validation == .legacy && (known == .none || known == .utf8WithSuffixes) {
        fail(
          line,
          "OTLP translation strategy \(GoQuote.quote(strategy)) is not allowed when UTF8 is "
            + "disabled")
      }
    } else if !strategy.isEmpty {
      fail(
        line, "unsupported OTLP translation strategy \(GoQuote.quote(strategy))",
        suggestion: NearestName.find(
          strategy, in: OTLPTranslation.allCases.map(\.rawValue)) ?? "")
    }
    config.keepsIdentifyingResourceAttributes = record.bool(
      "keep_identifying_resource_attributes")
    config.convertsHistograms = record.bool("convert_histograms_to_nhcb")
    config.promotesScopeMetadata = record.bool("promote_scope_metadata")
    config.sanitizesUnderscores = record.bool("label_name_underscore_sanitization")
    config.preservesMultipleUnderscores = record.bool(
      "label_name_preserve_multiple_underscores")
    return config
  }

  private func checkAttributes(_ record: Record, _ config: OTLPConfig) {
    if config.promotesAllResourceAttributes {
      if !config.promotedResourceAttributes.isEmpty {
        fail(
          record.line(of: "promote_resource_attributes"),
          "'promote_all_resource_attributes' and 'promote_resource_attributes' cannot be "
            + "configured simultaneously")
      }
      checkAttributes(record, "ignore_resource_attributes", verb: "ignored")
    } else {
      if !config.ignoredResourceAttributes.isEmpty {
        fail(
          record.line(of: "ignore_resource_attributes"),
          "'ignore_resource_attributes' cannot be configured unless "
            + "'promote_all_resource_attributes' is true")
      }
      checkAttributes(record, "promote_resource_attributes", verb: "promoted")
    }
  }

  private func checkAttributes(_ record: Record, _ name: String, verb: String) {
    var seen: Set<String> = []
    for attribute in record.strings(name) {
      let line = record.line(of: name)
      if attribute.allSatisfy(\.isWhitespace) {
        fail(line, "invalid '\(name)': empty \(verb) OTel resource attribute")
      } else if !seen.insert(attribute).inserted {
        fail(
          line,
          "invalid '\(name)': duplicated \(verb) OTel resource attribute "
            + GoQuote.quote(attribute))
      }
    }
  }
}
