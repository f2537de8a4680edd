/// The keys of `remote_write` and `remote_read`.
enum RemoteSchema {
  static let write = Schema(
    "config.plain",
    [
      Field("url", .string, shown: .always),
      Field("remote_timeout", .duration, preset: .duration(30_000)),
      Field("headers", .stringMap),
      SharedSchemas.relabelRules("write_relabel_configs"),
      Field("name", .string),
      Field("send_exemplars", .bool),
      Field("send_native_histograms", .bool),
      Field("round_robin_dns", .bool),
      Field("protobuf_message", .string, preset: .string("prometheus.WriteRequest")),
    ] + HTTPClientSchema.fields(enablesHTTP2: false) + [
      Field("queue_config", .object(queue), shown: .always),
      Field("metadata_config", .object(metadata), shown: .always),
      Field("sigv4", .object(sigv4)),
      Field("azuread", .object(azureAD)),
      Field("google_iam", .object(googleIAM)),
    ])

  static let read = Schema(
    "config.plain",
    [
      Field("url", .string, shown: .always),
      Field("remote_timeout", .duration, preset: .duration(60_000)),
      Field("chunked_read_limit", .uint, preset: .uint(50_000_000)),
      Field("headers", .stringMap),
      Field("read_recent", .bool),
      Field("name", .string),
    ] + HTTPClientSchema.fields() + [
      Field("required_matchers", .stringMap),
      Field("filter_external_labels", .bool, preset: .bool(true)),
    ])

  static let queue = Schema(
    "config.QueueConfig",
    [
      Field("capacity", .int, preset: .int(10_000)),
      Field("max_shards", .int, preset: .int(50)),
      Field("min_shards", .int, preset: .int(1)),
      Field("max_samples_per_send", .int, preset: .int(2_000)),
      Field("batch_send_deadline", .duration, preset: .duration(5_000)),
      Field("min_backoff", .duration, preset: .duration(30)),
      Field("max_backoff", .duration, preset: .duration(5_000)),
      Field("retry_on_http_429", .bool),
      Field("sample_age_limit", .duration),
    ])

  static let metadata = Schema(
    "config.MetadataConfig",
    [
      Field("send", .bool, preset: .bool(true), shown: .always),
      Field("send_interval", .duration, preset: .duration(60_000), shown: .always),
      Field("max_samples_per_send", .int, preset: .int(2_000)),
    ])

  static let sigv4 = Schema(
    "sigv4.plain",
    [
      Field("region", .string),
      Field("access_key", .string),
      Field("secret_key", .secret),
      Field("profile", .string),
      Field("role_arn", .string),
      Field("external_id", .string),
      Field("use_fips_sts_endpoint", .bool),
      Field("service_name", .string),
    ])

  static let azureAD = Schema(
    "azuread.plain",
    [
      Field(
        "managed_identity",
        .object(Schema("azuread.ManagedIdentityConfig", [Field("client_id", .string)]))),
      Field(
        "workload_identity",
        .object(
          Schema(
            "azuread.WorkloadIdentityConfig",
            [
              Field("client_id", .string), Field("tenant_id", .string),
              Field("token_file_path", .string),
            ]))),
      Field(
        "oauth",
        .object(
          Schema(
            "azuread.OAuthConfig",
            [
              Field("client_id", .string), Field("client_secret", .secret),
              Field("tenant_id", .string),
            ]))),
      Field(
        "certificate",
        .object(
          Schema(
            "azuread.CertificateConfig",
            [
              Field("client_id", .string), Field("certificate_path", .string),
              Field("tenant_id", .string),
            ]))),
      Field(
        "sdk", .object(Schema("azuread.SDKConfig", [Field("tenant_id", .string)]))),
      Field("cloud", .string, preset: .string("AzurePublic")),
      Field("scope", .string),
    ])

  static let googleIAM = Schema(
    "googleiam.Config", [Field("credentials_file", .string)])
}
