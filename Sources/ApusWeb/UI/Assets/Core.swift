extension UIAssets {
  /// What all pages share: elements, the API, times, badges.
  static let core = #"""
    const root = document.documentElement;
    export const prefix = root.dataset.prefix;
    export const page = root.dataset.page;
    export const main = document.querySelector("main");

    const stored = localStorage.getItem("theme");
    const prefersDark = matchMedia("(prefers-color-scheme: dark)").matches;
    root.classList.toggle("dark", stored ? stored === "dark" : prefersDark);
    document.getElementById("theme").onclick = () => {
      const dark = root.classList.toggle("dark");
      localStorage.setItem("theme", dark ? "dark" : "light");
      dispatchEvent(new Event("themechange"));
    };

    // Makes an element. Text is always text: nothing from the server is read as HTML.
    export function el(tag, attributes, ...children) {
      const node = document.createElement(tag);
      for (const [key, value] of Object.entries(attributes || {})) {
        if (value === undefined || value === null || value === false) continue;
        if (key.startsWith("on")) node[key] = value;
        else if (key === "value") node.value = value;
        else node.setAttribute(key, value === true ? "" : value);
      }
      for (const child of children.flat(3)) {
        if (child !== undefined && child !== null && child !== false) node.append(child);
      }
      return node;
    }

    export function replace(node, ...children) {
      node.replaceChildren(...children.flat(3).filter((c) => c));
    }

    // Asks the API; throws an error with the server's own words.
    export async function api(path, parameters, signal) {
      const body = new URLSearchParams();
      for (const [key, value] of Object.entries(parameters || {})) {
        for (const one of [].concat(value)) {
          if (one !== undefined && one !== "") body.append(key, one);
        }
      }
      const query = body.toString();
      const asForm = query.length > 1500;
      const url = `${prefix}/api/v1/${path}` + (asForm || !query ? "" : `?${query}`);
      const answer = await fetch(url, asForm ? { method: "POST", body, signal } : { signal });
      const text = await answer.text();
      let json;
      try {
        json = JSON.parse(text);
      } catch {
        throw new Error(answer.status === 503 ? "The server is not ready yet." : text);
      }
      if (json.status !== "success") throw new Error(`${json.errorType}: ${json.error}`);
      return json;
    }

    export function notice(text, kind = "bad") {
      return el("div", { class: `notice ${kind}`, role: "alert" }, text);
    }

    // Shows what `load` makes, or why it could not.
    export async function show(load) {
      replace(main, el("p", { class: "dim" }, "Loading..."));
      try {
        replace(main, await load());
      } catch (error) {
        replace(main, notice(error.message));
      }
    }

    const zero = "0001-01-01T00:00:00Z";
    export function ago(time) {
      if (!time || time === zero) return "never";
      const seconds = (Date.now() - Date.parse(time)) / 1000;
      return seconds < 0 ? "now" : `${duration(seconds)} ago`;
    }

    export function duration(seconds) {
      if (seconds < 1) return `${(seconds * 1000).toFixed(seconds < 0.01 ? 3 : 0)}ms`;
      if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 3 : 1)}s`;
      let rest = Math.round(seconds);
      const parts = [];
      for (const [unit, size] of [["d", 86400], ["h", 3600], ["m", 60], ["s", 1]]) {
        const count = Math.floor(rest / size);
        if (count) parts.push(count + unit);
        rest -= count * size;
      }
      return parts.slice(0, 2).join(" ") || "0s";
    }

    // Seconds of "1h30m" or "90"; NaN where the text is neither.
    export function parseDuration(text) {
      if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
      const sizes = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86400, w: 604800, y: 31536000 };
      let seconds = 0;
      const rest = text.trim().replace(/(\d+)(ms|[smhdwy])/g, (_, count, unit) => {
        seconds += Number(count) * sizes[unit];
        return "";
      });
      return rest === "" && seconds > 0 ? seconds : NaN;
    }

    export function localTime(seconds) {
      return new Date(seconds * 1000).toLocaleString(undefined, { hour12: false });
    }

    export function badge(text, kind) {
      return el("span", { class: `badge ${kind || ""}` }, text);
    }

    export function labels(set, skip = []) {
      return Object.entries(set)
        .filter(([name]) => !skip.includes(name))
        .map(([name, value]) => el("span", { class: "label" }, `${name}="${value}"`));
    }

    // A text field that calls back a moment after the last key.
    export function search(placeholder, onChange) {
      let timer;
      return el("input", {
        type: "search", placeholder, class: "grow",
        oninput: (event) => {
          clearTimeout(timer);
          timer = setTimeout(() => onChange(event.target.value.toLowerCase()), 150);
        },
      });
    }

    export function copyButton(text) {
      const button = el("button", {}, "Copy");
      button.onclick = async () => {
        await navigator.clipboard.writeText(text());
        button.textContent = "Copied";
        setTimeout(() => (button.textContent = "Copy"), 1200);
      };
      return button;
    }

    export function queryLink(expression) {
      return `${prefix}/query?g0.expr=${encodeURIComponent(expression)}&g0.tab=table`;
    }

    api("notifications").then(({ data }) => {
      const now = data.filter((one) => one.active).map((one) => notice(one.text, "warn"));
      replace(document.getElementById("notices"), now);
    }).catch(() => {});
    """#
}
