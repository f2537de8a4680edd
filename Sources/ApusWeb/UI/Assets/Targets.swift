extension UIAssets {
  /// The pages /targets, /service-discovery and /alertmanager-discovery.
  static let targets = #"""
    import { ago, api, badge, duration, el, labels, page, replace, search, show }
      from "./core.js";

    const kinds = { up: "good", down: "bad", unknown: "warn" };
    const asked = new URLSearchParams(location.search);

    // Targets by pool, in the order in which they come.
    function byPool(targets) {
      const pools = new Map();
      for (const target of targets) {
        if (!pools.has(target.scrapePool)) pools.set(target.scrapePool, []);
        pools.get(target.scrapePool).push(target);
      }
      return pools;
    }

    function holds(target, word) {
      return !word || JSON.stringify(target).toLowerCase().includes(word);
    }

    function row(target) {
      return el("tr", {},
        el("td", {}, el("a", { href: target.globalUrl }, target.scrapeUrl),
          target.lastError && el("div", { class: "notice bad" }, target.lastError)),
        el("td", {}, badge(target.health.toUpperCase(), kinds[target.health])),
        el("td", {}, labels(target.labels)),
        el("td", { class: "num", title: target.lastScrape }, ago(target.lastScrape)),
        el("td", { class: "num" }, duration(target.lastScrapeDuration)),
        el("td", { class: "num dim" }, `${target.scrapeInterval} / ${target.scrapeTimeout}`));
    }

    async function showTargets() {
      const { data } = await api("targets", {
        state: "active", scrapePool: asked.get("pool") || undefined,
      });
      const list = el("div");
      let word = (asked.get("search") || "").toLowerCase();
      let health = "";

      function draw() {
        const wanted = data.activeTargets.filter((target) =>
          (!health || target.health === health) && holds(target, word));
        const pools = [...byPool(wanted)].map(([pool, targets]) => {
          const up = targets.filter((target) => target.health === "up").length;
          const kind = up === targets.length ? "good" : up ? "warn" : "bad";
          return el("details", { class: "card", open: true },
            el("summary", {}, pool, badge(`${up} / ${targets.length} up`, kind)),
            el("table", {},
              el("tr", {}, ["Endpoint", "State", "Labels", "Last scrape", "Took",
                "Interval / timeout"].map((t) => el("th", {}, t))),
              targets.map(row)));
        });
        replace(list, pools.length ? pools : el("p", { class: "dim" }, "No targets."));
      }

      const choices = el("span", { class: "row" });
      function drawChoices() {
        replace(choices, ["", "up", "down", "unknown"].map((name) => el("button", {
          "aria-pressed": String(health === name),
          onclick: () => { health = name; drawChoices(); draw(); },
        }, name || "all")));
      }
      drawChoices();
      draw();
      return [
        el("div", { class: "row" }, choices,
          search("Filter by address, label or error", (text) => { word = text; draw(); })),
        list,
      ];
    }

    async function showDiscovery() {
      const { data } = await api("targets");
      const list = el("div");
      let word = "";

      function draw() {
        const active = byPool(data.activeTargets.filter((t) => holds(t, word)));
        const dropped = byPool(data.droppedTargets.filter((t) => holds(t, word)));
        const pools = [...new Set([...active.keys(), ...dropped.keys()])].sort();
        replace(list, pools.map((pool) => {
          const kept = active.get(pool) || [];
          const gone = dropped.get(pool) || [];
          const lost = (data.droppedTargetCounts || {})[pool] || gone.length;
          return el("details", { class: "card", open: pools.length < 6 },
            el("summary", {}, pool, badge(`${kept.length} active`, "good"),
              lost > 0 && badge(`${lost} dropped`)),
            el("table", {},
              el("tr", {}, el("th", {}, "Discovered labels"), el("th", {}, "Target labels")),
              kept.concat(gone).map((target) => el("tr", {},
                el("td", {}, labels(target.discoveredLabels)),
                el("td", {}, target.labels ? labels(target.labels) : badge("dropped"))))));
        }), !pools.length && el("p", { class: "dim" }, "Nothing was discovered."));
      }
      draw();
      const field = search("Filter by label", (text) => { word = text; draw(); });
      return [el("div", { class: "row" }, field), list];
    }

    async function showAlertmanagers() {
      const { data } = await api("alertmanagers");
      const part = (title, all) => [
        el("h2", {}, title),
        el("div", { class: "card" }, el("table", {}, all.length
          ? all.map(({ url }) => el("tr", {}, el("td", { class: "mono" }, url)))
          : el("tr", {}, el("td", { class: "dim" }, "None")))),
      ];
      return [part("Active", data.activeAlertmanagers),
        part("Dropped", data.droppedAlertmanagers)];
    }

    show({
      "/targets": showTargets,
      "/service-discovery": showDiscovery,
      "/alertmanager-discovery": showAlertmanagers,
    }[page]);
    """#
}
