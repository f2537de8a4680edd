extension UIAssets {
  /// The pages /status, /tsdb-status, /config and /flags.
  static let status = #"""
    import { api, copyButton, el, localTime, page, replace, search, show } from "./core.js";

    function pairs(title, rows) {
      return el("div", {}, el("h2", {}, title), el("div", { class: "card" },
        el("table", {}, rows.map(([name, value]) => el("tr", {},
          el("td", { class: "dim" }, name), el("td", { class: "mono" }, String(value)))))));
    }

    async function showStatus() {
      const [build, runtime] = await Promise.all([
        api("status/buildinfo"), api("status/runtimeinfo"),
      ]);
      const r = runtime.data;
      const b = build.data;
      return el("div", { class: "two" },
        pairs("Runtime", [
          ["Start time", new Date(r.startTime).toString()],
          ["Server time", new Date(r.serverTime).toString()],
          ["Working directory", r.CWD], ["Host name", r.hostname],
          ["Configuration reload", r.reloadConfigSuccess ? "successful" : "failed"],
          ["Last successful reload", r.lastConfigTime],
          ["Log corruptions", r.corruptionCount], ["Threads", r.goroutineCount],
          ["Processors", r.GOMAXPROCS], ["Storage retention", r.storageRetention],
        ]),
        pairs("Build", [
          ["Version", b.version], ["Revision", b.revision], ["Branch", b.branch],
          ["Build user", b.buildUser], ["Build date", b.buildDate], ["Built with", b.goVersion],
        ]));
    }

    async function showTSDB() {
      const { data } = await api("status/tsdb", { limit: 20 });
      const head = data.headStats;
      const time = (ms) => (head.numSeries ? localTime(ms / 1000) : "-");
      const entries = (title, list, unit) => el("div", {}, el("h2", {}, title),
        el("div", { class: "card" }, el("table", {},
          el("tr", {}, el("th", {}, "Name"), el("th", { class: "right" }, unit)),
          list.map(({ name, value }) => el("tr", {},
            el("td", { class: "mono" }, name),
            el("td", { class: "num" }, value.toLocaleString()))))));
      return [
        pairs("Head", [
          ["Series", head.numSeries.toLocaleString()],
          ["Chunks", head.chunkCount.toLocaleString()],
          ["Label pairs", head.numLabelPairs.toLocaleString()],
          ["Oldest sample", time(head.minTime)], ["Newest sample", time(head.maxTime)],
        ]),
        el("div", { class: "two" },
          entries("Label names by values", data.labelValueCountByLabelName, "Values"),
          entries("Metrics by series", data.seriesCountByMetricName, "Series"),
          entries("Label names by memory", data.memoryInBytesByLabelName, "Bytes"),
          entries("Label pairs by series", data.seriesCountByLabelValuePair, "Series")),
      ];
    }

    async function showConfig() {
      const { data } = await api("status/config");
      return [el("div", { class: "row" }, copyButton(() => data.yaml)),
        el("pre", {}, data.yaml)];
    }

    async function showFlags() {
      const { data } = await api("status/flags");
      const all = Object.entries(data).sort(([a], [b]) => (a < b ? -1 : 1));
      const body = el("table");
      function draw(word) {
        replace(body, el("tr", {}, el("th", {}, "Flag"), el("th", {}, "Value")),
          all.filter(([name, value]) => `--${name}=${value}`.toLowerCase().includes(word))
            .map(([name, value]) => el("tr", {},
              el("td", { class: "mono" }, `--${name}`), el("td", { class: "mono" }, value))));
      }
      draw("");
      return [el("div", { class: "row" }, search("Filter flags", draw)),
        el("div", { class: "card" }, body)];
    }

    show({
      "/status": showStatus, "/tsdb-status": showTSDB, "/config": showConfig,
      "/flags": showFlags,
    }[page]);
    """#
}
