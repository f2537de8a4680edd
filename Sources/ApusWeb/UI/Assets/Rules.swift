extension UIAssets {
  /// The pages /alerts and /rules.
  static let rules = #"""
    import { ago, api, badge, duration, el, labels, page, queryLink, replace, search, show }
      from "./core.js";

    const stateKinds = { firing: "bad", pending: "warn", inactive: "good" };
    const healthKinds = { ok: "good", err: "bad" };
    const order = ["firing", "pending", "unknown", "inactive"];

    function expression(rule) {
      return el("a", { href: queryLink(rule.query) }, el("code", {}, rule.query));
    }

    function facts(rule) {
      const parts = [];
      if (rule.duration) parts.push(`for ${duration(rule.duration)}`);
      if (rule.keepFiringFor) parts.push(`keep firing for ${duration(rule.keepFiringFor)}`);
      return parts.length > 0 && el("div", { class: "dim" }, parts.join(", "));
    }

    function annotations(set) {
      return Object.entries(set).map(([name, value]) =>
        el("div", {}, el("span", { class: "dim" }, `${name}: `), value));
    }

    function alertTable(rule) {
      if (!rule.alerts.length) return null;
      return el("table", {},
        el("tr", {}, ["Labels", "State", "Active since", "Value"].map((t) => el("th", {}, t))),
        rule.alerts.map((alert) => el("tr", {},
          el("td", {}, labels(alert.labels), annotations(alert.annotations)),
          el("td", {}, badge(alert.state.toUpperCase(), stateKinds[alert.state])),
          el("td", { title: alert.activeAt }, ago(alert.activeAt)),
          el("td", { class: "num mono" }, String(Number(alert.value))))));
    }

    function alertCard(rule) {
      return el("details", { class: "card", open: rule.state === "firing" },
        el("summary", {}, rule.name, badge(rule.state.toUpperCase(), stateKinds[rule.state]),
          rule.alerts.length > 0 && badge(String(rule.alerts.length)),
          rule.lastError && badge("error", "bad")),
        el("table", {}, el("tr", {}, el("td", {}, expression(rule), facts(rule),
          el("div", {}, labels(rule.labels)), annotations(rule.annotations),
          rule.lastError && el("div", { class: "notice bad" }, rule.lastError)))),
        alertTable(rule));
    }

    async function showAlerts() {
      const { data } = await api("rules", { type: "alert" });
      const counts = {};
      for (const rule of data.groups.flatMap((group) => group.rules)) {
        counts[rule.state] = (counts[rule.state] || 0) + 1;
      }
      const list = el("div");
      const hidden = new Set();
      let word = "";

      function draw() {
        const groups = data.groups.map((group) => {
          const rules = group.rules.filter((rule) => !hidden.has(rule.state)
            && (!word || JSON.stringify(rule).toLowerCase().includes(word)));
          rules.sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state));
          return rules.length > 0 && [
            el("h2", { title: group.file }, group.name,
              el("span", { class: "dim" }, ` ${group.file.split("/").pop()}`)),
            rules.map(alertCard),
          ];
        }).filter((group) => group);
        replace(list, groups.length ? groups : el("p", { class: "dim" }, "No alerting rules."));
      }

      const choices = el("span", { class: "row" });
      function drawChoices() {
        replace(choices, order.map((state) => el("button", {
          "aria-pressed": String(!hidden.has(state)),
          onclick: () => {
            if (!hidden.delete(state)) hidden.add(state);
            drawChoices();
            draw();
          },
        }, `${state} (${counts[state] || 0})`)));
      }
      drawChoices();
      draw();
      return [
        el("div", { class: "row" }, choices,
          search("Filter by name or label", (text) => { word = text; draw(); })),
        list,
      ];
    }

    function ruleRow(rule) {
      return el("tr", {},
        el("td", {}, el("b", {}, rule.name), " ",
          badge(rule.type === "alerting" ? "alert" : "record"), facts(rule),
          el("div", {}, expression(rule)), el("div", {}, labels(rule.labels)),
          rule.lastError && el("div", { class: "notice bad" }, rule.lastError)),
        el("td", {}, badge(rule.health.toUpperCase(), healthKinds[rule.health] || "warn")),
        el("td", { class: "num", title: rule.lastEvaluation }, ago(rule.lastEvaluation)),
        el("td", { class: "num" }, duration(rule.evaluationTime)));
    }

    async function showRules() {
      const { data } = await api("rules");
      const list = el("div");

      function draw(word) {
        replace(list, data.groups.map((group) => {
          const rules = group.rules.filter((rule) =>
            !word || JSON.stringify(rule).toLowerCase().includes(word));
          const broken = rules.filter((rule) => rule.health === "err").length;
          return rules.length > 0 && el("details", { class: "card", open: true },
            el("summary", { title: group.file }, group.name,
              el("span", { class: "dim" }, `every ${duration(group.interval)}, last `
                + `${ago(group.lastEvaluation)}, took ${duration(group.evaluationTime)}`),
              broken > 0 && badge(`${broken} failing`, "bad")),
            el("table", {},
              el("tr", {}, ["Rule", "Health", "Last evaluation", "Took"]
                .map((t) => el("th", {}, t))),
              rules.map(ruleRow)));
        }), !data.groups.length && el("p", { class: "dim" }, "No rules are loaded."));
      }
      draw("");
      return [el("div", { class: "row" }, search("Filter by name or expression", draw)), list];
    }

    show(page === "/alerts" ? showAlerts : showRules);
    """#
}
