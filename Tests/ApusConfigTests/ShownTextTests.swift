import ApusConfig
import Testing

struct ShownTextTests {
  @Test func `defaults are shown as Prometheus shows them`() throws {
    let config = try config(
      """
      global: {scrape_interval: 15s, evaluation_interval: 15s}
      alerting: {alertmanagers: [{static_configs: [{targets: []}]}]}
      scrape_configs:
        - job_name: prometheus
          static_configs: [{targets: ["localhost:9090"], labels: {app: prometheus}}]
      storage: {tsdb: {retention: {time: 15d}}}
      """)
    #expect(
      config.shownText == """
        global:
          scrape_interval: 15s
          scrape_timeout: 10s
          evaluation_interval: 15s
          metric_name_validation_scheme: utf8
          scrape_native_histograms: false
          extra_scrape_metrics: false
        runtime:
          gogc: 75
        alerting:
          alertmanagers:
          - follow_redirects: true
            enable_http2: true
            scheme: http
            timeout: 10s
            api_version: v2
            static_configs:
            - targets: []
        scrape_configs:
        - job_name: prometheus
          honor_timestamps: true
          track_timestamps_staleness: false
          scrape_interval: 15s
          scrape_timeout: 10s
          scrape_protocols:
          - OpenMetricsText1.0.0
          - OpenMetricsText0.0.1
          - PrometheusText1.0.0
          - PrometheusText0.0.4
          scrape_native_histograms: false
          always_scrape_classic_histograms: false
          convert_classic_histograms_to_nhcb: false
          metrics_path: /metrics
          scheme: http
          enable_compression: true
          metric_name_validation_scheme: utf8
          metric_name_escaping_scheme: allow-utf-8
          extra_scrape_metrics: false
          follow_redirects: true
          enable_http2: true
          static_configs:
          - targets:
            - localhost:9090
            labels:
              app: prometheus
        storage:
          tsdb:
            retention:
              time: 15d
        otlp:
          translation_strategy: UnderscoreEscapingWithSuffixes
          label_name_underscore_sanitization: true
          label_name_preserve_multiple_underscores: true

        """)
  }

  @Test func `texts are quoted only where they would be read as something else`() throws {
    let config = try config(
      """
      global:
        external_labels:
          a: b c
          d: "2001-01-01"
          e: "it's"
          h: é☃
          m: "multi\\nline"
          n: "5"
          o: "- a"
          q: a#b
          r: "a #b"
          t: "yes"
          w: "*a"
          y: "a: b"
          z: ""
      """)
    // As yaml.v2 writes them.
    #expect(
      config.shownText.contains(
        """
          external_labels:
            a: b c
            d: "2001-01-01"
            e: it's
            h: é☃
            m: |-
              multi
              line
            "n": "5"
            o: '- a'
            q: a#b
            r: 'a #b'
            t: "yes"
            w: '*a'
            "y": 'a: b'
        """))
  }

  @Test func `no secret is shown`() throws {
    let config = try config(
      """
      scrape_configs:
        - job_name: a
          basic_auth: {username: u, password: TOPSECRET}
        - job_name: b
          authorization: {credentials: TOPSECRET}
        - job_name: c
          oauth2: {client_id: i, client_secret: TOPSECRET, token_url: "http://x/"}
        - job_name: d
          tls_config: {cert: C, key: TOPSECRET}
        - job_name: e
          http_headers: {X-Key: {secrets: [TOPSECRET]}}
        - job_name: f
          bearer_token: TOPSECRET
        - job_name: g
          proxy_url: http://u:TOPSECRET@proxy/
      remote_write:
        - {url: "http://u:TOPSECRET@x/", sigv4: {secret_key: TOPSECRET}}
      """)
    #expect(!config.shownText.contains("TOPSECRET"))
    #expect(config.shownText.contains("password: <secret>"))
    #expect("\(config.scrapeConfigs[0].client)".contains("TOPSECRET") == false)
  }

  @Test func `relabelling rules are shown with their defaults`() throws {
    let config = try config(
      """
      scrape_configs:
        - job_name: a
          relabel_configs:
            - {source_labels: [a, b], target_label: x, regex: (.+)x, action: Replace}
            - {source_labels: [a], target_label: y, separator: "", replacement: ""}
      """)
    #expect(
      config.shownText.contains(
        """
          relabel_configs:
          - source_labels: [a, b]
            separator: ;
            regex: (.+)x
            target_label: x
            replacement: $1
            action: replace
          - source_labels: [a]
            separator: ""
            target_label: "y"
            replacement: ""
            action: replace
        """))
  }
}
