extension UIAssets {
  /// The page /query: the expression, its time or range, table, graph, and what it took. What it
  /// shows stands in the URL under Prometheus's own names.
  static let query = #"""
    import { api, el, localTime, main, notice, parseDuration, replace } from "./core.js";
    import { tree } from "./explain.js";
    import { graph } from "./graph.js";
    import { table } from "./result.js";

    const asked = new URLSearchParams(location.search);
    const names = { table: "Table", graph: "Graph", explain: "Explain" };
    const tabs = { 0: "graph", 1: "table", graph: "graph", table: "table", explain: "explain" };
    const state = {
      expr: asked.get("g0.expr") || "",
      tab: tabs[asked.get("g0.tab")] || "table",
      range: asked.get("g0.range_input") || "1h",
      end: asked.get("g0.end_input") || asked.get("g0.moment_input") || "",
      step: asked.get("g0.step_input") || asked.get("g0.res_step") || "",
    };
    let running;

    const expr = el("textarea", {
      class: "expr", rows: 2, spellcheck: "false", autofocus: true, value: state.expr,
      placeholder: "Expression, such as rate(prometheus_http_requests_total[5m])",
      "aria-label": "Expression",
    });
    const run = el("button", { class: "primary", onclick: () => execute() }, "Execute");
    const format = el("button", { onclick: prettify }, "Format");
    const range = el("input", { size: 6, value: state.range, title: "Range, such as 1h" });
    const step = el("input", {
      size: 6, value: state.step, placeholder: "auto", title: "Step, such as 15s",
    });
    const end = el("input", {
      type: "datetime-local", step: 1, value: toField(state.end), title: "Time",
    });
    const note = el("span", { class: "dim" });
    const output = el("div");
    const tabBar = el("div", { class: "tabs", role: "tablist" });

    function toField(text) {
      if (!text) return "";
      const time = new Date(/Z|[+-]\d\d:?\d\d$/.test(text) ? text : text.replace(" ", "T") + "Z");
      if (isNaN(time)) return "";
      return new Date(time - time.getTimezoneOffset() * 60000).toISOString().slice(0, 19);
    }

    function endSeconds() {
      return end.value ? new Date(end.value).getTime() / 1000 : Date.now() / 1000;
    }

    function scaleRange(factor) {
      range.value = text(Math.max(10, (parseDuration(range.value) || 3600) * factor));
      execute();
    }

    function text(seconds) {
      for (const [unit, size] of [["d", 86400], ["h", 3600], ["m", 60]]) {
        if (seconds % size === 0) return seconds / size + unit;
      }
      return Math.round(seconds) + "s";
    }

    function move(part) {
      const span = state.tab === "table" ? 3600 : parseDuration(range.value) || 3600;
      const moved = new Date((endSeconds() + span * part) * 1000);
      end.value = toField(moved.toISOString());
      execute();
    }

    function drawTabs() {
      replace(tabBar, Object.keys(names).map((name) => el("button", {
        role: "tab", "aria-selected": String(state.tab === name),
        onclick: () => { state.tab = name; drawTabs(); execute(); },
      }, names[name])));
      for (const node of document.querySelectorAll(".range")) {
        node.hidden = state.tab === "table";
      }
    }

    function remember() {
      const url = new URLSearchParams();
      url.set("g0.expr", expr.value);
      url.set("g0.tab", state.tab);
      if (state.tab !== "table") url.set("g0.range_input", range.value);
      if (state.tab !== "table" && step.value) url.set("g0.step_input", step.value);
      if (end.value) {
        const name = state.tab !== "table" ? "g0.end_input" : "g0.moment_input";
        url.set(name, new Date(end.value).toISOString().slice(0, 19).replace("T", " "));
      }
      history.replaceState(null, "", `?${url}`);
      document.title = `${expr.value.slice(0, 60)} - Apus`;
    }

    async function execute() {
      if (!expr.value.trim()) return;
      remember();
      running?.abort();
      running = new AbortController();
      const signal = running.signal;
      const began = performance.now();
      note.textContent = "Running...";
      try {
        const at = endSeconds();
        const span = parseDuration(range.value);
        let answer;
        if (state.tab !== "table") {
          if (!span) throw new Error(`"${range.value}" is no range: write 30m, 6h or 2d`);
          const wanted = parseDuration(step.value) || Math.max(Math.floor(span / 250), 1);
          answer = await api("query_range", {
            query: expr.value, start: at - span, end: at, step: wanted,
            explain: state.tab === "explain" ? 1 : "",
          }, signal);
          replace(output, notices(answer), state.tab === "explain"
            ? explained(answer.data.explain)
            : graph(answer.data.result, at - span, at, wanted));
        } else {
          answer = await api("query", { query: expr.value, time: at }, signal);
          replace(output, notices(answer), table(answer.data));
        }
        const count = Array.isArray(answer.data.result) ? answer.data.result.length : 1;
        const took = Math.round(performance.now() - began);
        note.textContent = `${count} series, ${took} ms, ${localTime(at)}`;
      } catch (error) {
        if (error.name === "AbortError") return;
        note.textContent = "";
        replace(output, notice(error.message));
      }
    }

    function explained(explain) {
      return explain ? tree(explain)
        : notice("This query is nested too deeply to be explained.", "warn");
    }

    function notices(answer) {
      return (answer.warnings || []).concat(answer.infos || []).map((t) => notice(t, "warn"));
    }

    async function prettify() {
      try {
        expr.value = (await api("format_query", { query: expr.value })).data;
        fit();
      } catch (error) {
        replace(output, notice(error.message));
      }
    }

    function fit() {
      expr.style.height = "auto";
      expr.style.height = `${expr.scrollHeight + 2}px`;
    }

    // Names that begin with, or hold, the word before the cursor.
    const list = el("div", { class: "suggest", hidden: true });
    let metrics = [];
    let shown = [];
    let chosen = 0;

    function wordStart() {
      const before = expr.value.slice(0, expr.selectionStart);
      const quotes = (before.match(/"/g) || []).length;
      const word = /[a-zA-Z_:][a-zA-Z0-9_:]*$/.exec(before);
      return quotes % 2 || !word ? -1 : word.index;
    }

    function suggest() {
      const start = wordStart();
      const word = start < 0 ? "" : expr.value.slice(start, expr.selectionStart).toLowerCase();
      if (word.length < 2) return (list.hidden = true);
      const first = metrics.filter((name) => name.toLowerCase().startsWith(word));
      const others = metrics.filter((name) => name.toLowerCase().indexOf(word) > 0);
      shown = first.concat(others).slice(0, 15);
      chosen = 0;
      list.hidden = !shown.length || (shown.length === 1 && shown[0] === word);
      drawList();
    }

    function drawList() {
      replace(list, shown.map((name, i) => el("div", {
        class: i === chosen ? "on mono" : "mono",
        onmousedown: (event) => { event.preventDefault(); accept(name); },
      }, name)));
      list.children[chosen]?.scrollIntoView({ block: "nearest" });
    }

    function accept(name) {
      const start = wordStart();
      expr.setRangeText(name, start, expr.selectionStart, "end");
      list.hidden = true;
      fit();
    }

    expr.oninput = () => { fit(); suggest(); };
    expr.onblur = () => { list.hidden = true; };
    expr.onkeydown = (event) => {
      if (!list.hidden && ["ArrowDown", "ArrowUp"].includes(event.key)) {
        const by = event.key === "ArrowDown" ? 1 : shown.length - 1;
        chosen = (chosen + by) % shown.length;
        drawList();
        event.preventDefault();
      } else if (!list.hidden && (event.key === "Tab" || event.key === "Enter")) {
        accept(shown[chosen]);
        event.preventDefault();
      } else if (event.key === "Escape") {
        list.hidden = true;
      } else if (event.key === "Enter" && !event.shiftKey) {
        execute();
        event.preventDefault();
      }
    };

    replace(main,
      el("div", { style: "position:relative" }, expr, list),
      el("div", { class: "row" }, run, format,
        el("button", { onclick: () => move(-0.5), title: "Earlier" }, "\u25C0"), end,
        el("button", { onclick: () => move(0.5), title: "Later" }, "\u25B6"),
        el("button", { onclick: () => { end.value = ""; execute(); } }, "Now"),
        el("span", { class: "range" },
          el("button", { onclick: () => scaleRange(0.5), title: "Shorter" }, "-"), range,
          el("button", { onclick: () => scaleRange(2), title: "Longer" }, "+"), " step ", step),
        el("span", { class: "grow" }), note),
      tabBar, output);
    for (const field of [range, step, end]) field.onchange = () => execute();
    drawTabs();
    fit();
    execute();
    api("label/__name__/values", { limit: 20000 })
      .then(({ data }) => { metrics = data; }).catch(() => {});
    """#
}
