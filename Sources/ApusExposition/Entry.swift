/// What a parser found next in a scraped body.
package enum Entry: Sendable, Equatable {
  /// A sample; see `series`, `value`, `timeMs`, `labels()` and `exemplar()` of the parser.
  case series
  /// `# HELP`; see `metadataName` and `metadataText()`.
  case help
  /// `# TYPE`; see `metadataName` and `metadataKind`.
  case type
  /// `# UNIT`; see `metadataName` and `metadataText()`.
  case unit
  case comment
  /// The end of the data.
  case end
}

/// The formats that targets answer in.
package enum ExpositionFormat: Sendable, Equatable {
  /// The classic format, versions 0.0.4 and 1.0.0 (quoted UTF-8 names).
  case text
  /// OpenMetrics, versions 0.0.1 and 1.0.0.
  case openMetrics
  /// Delimited messages of io.prometheus.client; read by `MetricFamilyReader`.
  case protobuf
}
