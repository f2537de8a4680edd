extension UIAssets {
  /// What a query did, as a tree of its operators.
  static let explain = #"""
    import { el } from "./core.js";

    function scaled(value, units, factor) {
      let at = 0;
      while (value >= factor && at < units.length - 1) { value /= factor; at += 1; }
      return `${value >= 100 || Number.isInteger(value) ? Math.round(value) : value.toPrecision(3)}`
        + units[at];
    }

    const count = (value) => value.toLocaleString("en-US");
    const bytes = (value) => scaled(value, [" B", " KiB", " MiB", " GiB", " TiB"], 1024);
    const time = (seconds) => seconds >= 1
      ? `${seconds.toPrecision(3)} s` : scaled(seconds * 1e9, [" ns", " µs", " ms"], 1000);

    // One operator: what it is, which part of the query it evaluates, and what that took.
    function line(part, whole) {
      const share = whole > 0 ? Math.min(100, (100 * part.selfSeconds) / whole) : 0;
      return [
        el("span", { class: "meter", title: `${share.toFixed(1)} % of the time, by itself` },
          el("span", { style: `width:${share.toFixed(1)}%` })),
        el("strong", {}, part.operator),
        el("code", { title: part.expression }, part.expression),
        el("span", { class: "dim" }, [
          `${count(part.series)} series`, `${count(part.samples)} samples`,
          part.samplesRead ? `${count(part.samplesRead)} loaded` : "",
          `${count(part.steps)} steps`, bytes(part.bytes),
          `${time(part.selfSeconds)} of ${time(part.seconds)}`,
        ].filter((text) => text).join(", ")),
      ];
    }

    function node(part, whole) {
      if (!part.children) return el("div", { class: "op" }, line(part, whole));
      return el("details", { open: true },
        el("summary", { class: "op" }, line(part, whole)),
        el("div", { class: "below" }, part.children.map((child) => node(child, whole))));
    }

    export function tree(root) {
      return el("div", { class: "card explain" }, node(root, root.seconds));
    }
    """#
}
