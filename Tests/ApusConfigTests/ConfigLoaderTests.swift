import ApusConfig
import ApusModel
import ApusSystem
import Testing

struct ConfigLoaderTests {
  @Test func `an empty file is a configuration of defaults`() throws {
    for text in ["", "# nothing\n", "global:\n", "{}"] {
      let config = try config(text)
      #expect(config.global.scrapeIntervalMs == 60_000)
      #expect(config.global.scrapeTimeoutMs == 10_000)
      #expect(config.global.evaluationIntervalMs == 60_000)
      #expect(config.scrapeConfigs.isEmpty)
    }
  }

  @Test func `a job inherits from global what it does not say itself`() throws {
    let config = try config(
      """
      global:
        scrape_interval: 15s
        scrape_timeout: 12s
        sample_limit: 7
        body_size_limit: 1MB
        scrape_native_histograms: true
        extra_scrape_metrics: true
      scrape_configs:
        - job_name: a
        - job_name: b
          scrape_interval: 5s
          sample_limit: 9
          scrape_native_histograms: false
      """)
    let a = try #require(config.scrapeConfigs.first)
    #expect(a.intervalMs == 15_000)
    #expect(a.timeoutMs == 12_000)
    #expect(a.limits.samples == 7)
    #expect(a.limits.bodyBytes == 1 << 20)
    #expect(a.histograms.scrapesNative)
    #expect(a.protocols.first == .protobuf)
    #expect(a.hasExtraScrapeMetrics)
    let b = config.scrapeConfigs[1]
    // The global timeout is above the job's own interval and is lowered to it.
    #expect(b.timeoutMs == 5_000)
    #expect(b.limits.samples == 9)
    #expect(b.protocols == [.openMetrics1, .openMetrics0, .text1, .text0])
  }

  @Test func `the default timeout is never above the interval`() throws {
    #expect(try config("global: {scrape_interval: 3s}").global.scrapeTimeoutMs == 3_000)
  }

  @Test func `paths are relative to the file that names them`() throws {
    let config = try config(
      """
      global: {query_log_file: logs/../q.log}
      rule_files: [rules/*.yml, /abs/x.yml]
      scrape_configs:
        - job_name: a
          tls_config: {ca_file: ca.pem}
          basic_auth: {username: u, password_file: ../p}
          file_sd_configs: [{files: [t/*.json]}]
      """)
    #expect(config.global.queryLogFile == "dir/q.log")
    #expect(config.ruleFiles == ["dir/rules/*.yml", "/abs/x.yml"])
    let job = try #require(config.scrapeConfigs.first)
    #expect(job.client.tls.caFile == "dir/ca.pem")
    #expect(job.client.basicAuth?.passwordFile == "p")
    #expect(job.discovery.files.first?.patterns == ["dir/t/*.json"])
    #expect(job.discovery.files.first?.refreshIntervalMs == 300_000)
  }

  @Test func `environment variables are expanded in the values of external labels only`() throws {
    let config = try config(
      """
      global:
        external_labels:
          a: $HOST
          b: pre-${HOST}-post
          c: $$HOST
          d: ${MISSING}x
          e: 100%$
      scrape_configs: [{job_name: $HOST}]
      """, environment: ["HOST": "web1"])
    let labels = config.global.externalLabels
    #expect(labels["a"] == "web1")
    #expect(labels["b"] == "pre-web1-post")
    #expect(labels["c"] == "$HOST")
    #expect(labels["d"] == "x")
    #expect(labels["e"] == "100%$")
    #expect(config.scrapeConfigs[0].jobName == "$HOST")
    #expect(config.warnings.map(\.text) == ["Empty environment variable MISSING"])
  }

  @Test func `anchors, aliases and merge keys mean what YAML says`() throws {
    let config = try config(
      """
      scrape_configs:
        - &base
          job_name: a
          scrape_interval: 5s
          metrics_path: /m
          scrape_timeout: &t 2s
        - <<: *base
          job_name: b
        - scrape_timeout: *t
          <<: [*base]
          job_name: c
          metrics_path: /own
      """)
    #expect(config.scrapeConfigs.map(\.jobName) == ["a", "b", "c"])
    #expect(config.scrapeConfigs.map(\.intervalMs) == [5_000, 5_000, 5_000])
    #expect(config.scrapeConfigs.map(\.metricsPath) == ["/m", "/m", "/own"])
  }

  @Test func `old bearer token keys become an authorization block`() throws {
    let config = try config("scrape_configs: [{job_name: a, bearer_token: s3cret}]")
    let authorization = config.scrapeConfigs[0].client.authorization
    #expect(authorization?.type == "Bearer")
    #expect(authorization?.credentials.text == "s3cret")
    #expect(config.shownText.contains("    type: Bearer\n    credentials: <secret>"))
  }

  @Test func `numbers and booleans may stand where a string is wanted`() throws {
    let config = try config(
      """
      global: {external_labels: {a: 1, b: yes, c: 1.50, d: null}}
      scrape_configs: [{job_name: 123, params: {module: [1, true]}}]
      """)
    #expect(config.scrapeConfigs[0].jobName == "123")
    #expect(config.scrapeConfigs[0].parameters[0].values == ["1", "true"])
    #expect(config.global.externalLabels["b"] == "yes")
    #expect(config.global.externalLabels["c"] == "1.50")
  }

  @Test func `a null is the empty text, and so no file, no secret and no name`() throws {
    let config = try config(
      """
      global: {external_labels: {a: null, b: ~, c: "null"}, query_log_file: null}
      scrape_configs:
        - job_name: a
          bearer_token_file: null
          tls_config: {cert_file: ~, key_file: null, min_version: }
      alerting: {alertmanagers: [{api_version: }]}
      """)
    #expect(config.global.externalLabels["a"] == nil)
    #expect(config.shownText.contains("    a: \"\"\n    b: \"\"\n    c: \"null\""))
    #expect(config.global.externalLabels["c"] == "null")
    #expect(config.scrapeConfigs[0].client.authorization == nil)
    #expect(config.scrapeConfigs[0].client.tls.certificateFile.isEmpty)
    #expect(config.alerting.alertmanagers.count == 1)
    #expect(
      problems("scrape_configs: [{job_name: null}]\nremote_write: [{url: ~}]") == [
        "1: job_name is empty", "2: url for remote_write is empty",
      ])
  }

  @Test func `what stands behind the point of a whole number is cut off`() throws {
    let config = try config(
      """
      storage: {exemplars: {max_exemplars: 7.9}}
      scrape_configs: [{job_name: a, sample_limit: 1.5, label_limit: 2e1}]
      """)
    #expect(config.scrapeConfigs[0].limits.samples == 1)
    #expect(config.scrapeConfigs[0].limits.labels == 20)
    #expect(problems("scrape_configs: [{job_name: a, sample_limit: 1e300}]").count == 1)
    #expect(problems("scrape_configs: [{job_name: a, sample_limit: -1.5}]").count == 1)
  }

  @Test(arguments: [
    ("http://a b/", #"parse "http://a b/": invalid character " " in host name"#),
    ("http://[::1", #"parse "http://[::1": missing ']' in host"#),
    ("http://a:b/", #"parse "http://a:b/": invalid port ":b" after host"#),
  ])
  func `a URL that Go could not parse is refused in its words`(url: String, text: String) {
    #expect(problems("remote_write: [{url: '\(url)'}]") == ["1: \(text)"])
  }

  @Test func `a job that asks for legacy names does not inherit that UTF-8 is allowed`() throws {
    let config = try config(
      """
      global: {metric_name_escaping_scheme: dots}
      scrape_configs:
        - {job_name: a, metric_name_validation_scheme: legacy}
        - {job_name: b}
        - {job_name: c, metric_name_validation_scheme: utf8}
      """)
    #expect(config.scrapeConfigs.map(\.nameEscaping) == [.underscores, .dots, .allowUTF8])
  }

  @Test func `all sections of a large configuration are read`() throws {
    let config = try config(
      """
      runtime: {gogc: 50}
      storage:
        tsdb:
          out_of_order_time_window: 30m
          retention: {time: 30d, size: 10GB, percentage: 80}
          chunk_encoding: {floats: xor2}
        exemplars: {max_exemplars: 5}
      tracing: {endpoint: "localhost:4317", sampling_fraction: 0.5}
      remote_write:
        - url: http://user:pass@x/write
          queue_config: {max_shards: 3}
          write_relabel_configs: [{action: drop, source_labels: [a], regex: b}]
      remote_read: [{url: "http://x/read", required_matchers: {a: b}}]
      otlp: {promote_resource_attributes: [service.name]}
      alerting:
        alertmanagers:
          - path_prefix: /am
            timeout: 3s
            static_configs: [{targets: ["am:9093"], labels: {x: y}}]
      """)
    #expect(config.runtime.gogc == 50)
    #expect(config.storage.outOfOrderWindowMs == 1_800_000)
    #expect(config.storage.retentionMs == 2_592_000_000)
    #expect(config.storage.retentionBytes == 10 << 30)
    #expect(config.storage.retentionPercentage == 80)
    #expect(config.storage.floatChunkEncoding == "xor2")
    #expect(config.storage.exemplarsMax == 5)
    #expect(config.tracing?.samplingFraction == 0.5)
    #expect(config.remoteWrites[0].url == "http://user:pass@x/write")
    #expect(config.remoteWrites[0].queue.shardsMax == 3)
    #expect(config.remoteWrites[0].queue.capacity == 10_000)
    #expect(!config.remoteWrites[0].client.enablesHTTP2)
    #expect(config.remoteWrites[0].relabelRules[0].action == .drop)
    #expect(config.remoteReads[0].requiredMatchers == [Label("a", "b")])
    #expect(config.otlp.promotedResourceAttributes == ["service.name"])
    let manager = config.alerting.alertmanagers[0]
    #expect(manager.pathPrefix == "/am")
    #expect(manager.timeoutMs == 3_000)
    #expect(manager.discovery.staticGroups[0].labels["x"] == "y")
    #expect(config.shownText.contains("url: http://user:xxxxx@x/write"))
  }

  @Test func `scrape config files bring their jobs, with paths of their own`() throws {
    let files = MemoryFileSystem()
    try files.makeDirectory("etc/jobs")
    try files.write("etc/p.yml", Array("scrape_config_files: [jobs/*.yml]".utf8))
    try files.write(
      "etc/jobs/a.yml",
      Array("scrape_configs: [{job_name: a, tls_config: {ca_file: ca.pem}}]".utf8))
    let loader = ConfigLoader(files: files, environment: { _ in nil })
    let config = try loader.load(path: "etc/p.yml")
    #expect(config.scrapeConfigs.map(\.jobName) == ["a"])
    #expect(config.scrapeConfigs[0].client.tls.caFile == "etc/jobs/ca.pem")
    // Jobs of other files are not part of what is shown.
    #expect(!config.shownText.contains("job_name: a"))
    try files.write("etc/jobs/b.yml", Array("scrape_configs:\n- job_name: a\n".utf8))
    #expect(throws: ConfigErrors.self) { try loader.load(path: "etc/p.yml") }
    do {
      _ = try loader.load(path: "etc/p.yml")
    } catch {
      #expect(
        error.description
          == "etc/jobs/b.yml:2: found multiple scrape configs with job name \"a\", first found in "
          + "\"etc/jobs/a.yml\"")
    }
  }

  @Test func `a file that is missing is named`() {
    let loader = ConfigLoader(files: MemoryFileSystem(), environment: { _ in nil })
    do {
      _ = try loader.load(path: "none.yml")
      Issue.record("loaded")
    } catch {
      #expect(error.description.hasPrefix("none.yml: "))
    }
  }
}
