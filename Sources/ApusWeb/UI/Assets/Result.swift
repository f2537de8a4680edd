extension UIAssets {
  /// Results of queries as tables.
  static let result = #"""
    import { el, localTime } from "./core.js";

    const rowsMost = 2000;

    // A series as PromQL writes it.
    export function metricText(metric) {
      const { __name__: name, ...rest } = metric;
      const legacy = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
      const pairs = Object.entries(rest).map(([key, value]) =>
        `${legacy.test(key) ? key : JSON.stringify(key)}=${JSON.stringify(value)}`);
      if (name && !legacy.test(name)) pairs.unshift(JSON.stringify(name));
      const shown = name && legacy.test(name) ? name : "";
      return pairs.length || !shown ? `${shown}{${pairs.join(", ")}}` : shown;
    }

    function histogram(value) {
      const rows = (value.buckets || []).map(([rule, low, high, count]) => {
        const open = rule === 1 || rule === 3 ? "[" : "(";
        const close = rule === 0 || rule === 3 ? "]" : ")";
        return el("tr", {}, el("td", { class: "mono" }, `${open}${low}, ${high}${close}`),
          el("td", { class: "num" }, count));
      });
      return el("details", {},
        el("summary", {}, `count ${value.count}, sum ${value.sum}`),
        el("table", {}, rows));
    }

    function cell(series) {
      if (series.value) return series.value[1];
      if (series.histogram) return histogram(series.histogram[1]);
      const floats = (series.values || []).map(([time, value]) =>
        el("div", { title: localTime(time) }, `${value} @${time}`));
      const others = (series.histograms || []).map(([time, value]) =>
        el("div", { title: localTime(time) }, histogram(value), ` @${time}`));
      return floats.concat(others);
    }

    export function table(data) {
      if (data.resultType === "scalar" || data.resultType === "string") {
        return el("table", { class: "card" }, el("tr", {},
          el("td", {}, data.resultType), el("td", { class: "num mono" }, data.result[1])));
      }
      if (!data.result.length) return el("p", { class: "dim" }, "Empty query result");
      const rows = data.result.slice(0, rowsMost).map((series) => el("tr", {},
        el("td", { class: "mono" }, metricText(series.metric)),
        el("td", { class: "num mono" }, cell(series))));
      const left = data.result.length - rows.length;
      return [
        el("div", { class: "card" }, el("table", {}, rows)),
        left > 0 && el("p", { class: "dim" }, `${left} more series are not shown`),
      ];
    }
    """#
}
