extension UIAssets {
  /// Lines on a canvas, with axes, a legend and the values under the pointer.
  static let graph = #"""
    import { el, localTime, replace } from "./core.js";
    import { metricText } from "./result.js";

    const margin = { left: 66, right: 14, top: 12, bottom: 28 };
    const seriesMost = 500;

    function color(index) {
      const dark = document.documentElement.classList.contains("dark");
      const hue = (index * 137.508 + 14) % 360;
      const light = dark ? 62 + (index % 3) * 6 : 40 + (index % 3) * 7;
      return `hsl(${hue} 68% ${light}%)`;
    }

    // 1234567 -> 1.235M
    function short(value) {
      const size = Math.abs(value);
      if (size === 0) return "0";
      for (const [unit, scale] of [["T", 1e12], ["G", 1e9], ["M", 1e6], ["k", 1e3]]) {
        if (size >= scale && size < scale * 1000) return trim(value / scale) + unit;
      }
      return size >= 1e15 || size < 1e-4 ? value.toExponential(2) : trim(value);
    }

    function trim(value) { return String(Number(value.toPrecision(4))); }

    // Round numbers between two bounds, about `count` of them.
    function ticks(low, high, count) {
      const rough = (high - low) / count;
      const power = 10 ** Math.floor(Math.log10(rough));
      const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough) || power * 10;
      const out = [];
      for (let i = Math.ceil(low / step); i * step <= high + step * 1e-9; i++) out.push(i * step);
      return out;
    }

    function timeTicks(start, end, count) {
      const steps = [1, 5, 15, 30, 60, 300, 900, 1800, 3600, 7200, 14400, 43200, 86400, 604800];
      const step = steps.find((s) => (end - start) / s <= count) || 2592000;
      const zone = new Date(start * 1000).getTimezoneOffset() * 60;
      const out = [];
      let at = Math.ceil((start - zone) / step) * step + zone;
      for (; at <= end; at += step) out.push(at);
      return { out, step };
    }

    function timeText(seconds, step) {
      const time = new Date(seconds * 1000);
      const day = { month: "short", day: "numeric" };
      if (step >= 86400) return time.toLocaleDateString(undefined, day);
      const clock = { hour: "2-digit", minute: "2-digit", hour12: false };
      if (step < 60) clock.second = "2-digit";
      return time.toLocaleTimeString(undefined, clock);
    }

    export function graph(result, start, end, step) {
      if (!result.length) return el("p", { class: "dim" }, "Empty query result");
      if (!Array.isArray(result[0]?.values) && !result[0]?.histograms) {
        return el("p", { class: "dim" }, "This result has no lines.");
      }
      const lines = result.slice(0, seriesMost).map((series, i) => ({
        text: metricText(series.metric), index: i, isOn: true,
        points: (series.values || (series.histograms || []).map(([t, h]) => [t, h.sum]))
          .map(([time, value]) => [time, Number(value.replace("Inf", "Infinity"))]),
      }));
      const canvas = el("canvas");
      const tip = el("div", { class: "tip", hidden: true });
      const legend = el("div", { class: "legend" });
      const chart = { lines, start, end, step, canvas, tip };

      function draw(pointer) {
        if (canvas.isConnected) paint(chart, pointer);
      }

      function drawLegend() {
        replace(legend, lines.map((line) => el("div", {
          class: line.isOn ? "mono" : "mono off",
          onclick: (event) => {
            const others = lines.filter((other) => other !== line);
            if (event.ctrlKey || event.metaKey) line.isOn = !line.isOn;
            else if (line.isOn && others.every((other) => !other.isOn)) {
              others.forEach((other) => (other.isOn = true));
            } else {
              others.forEach((other) => (other.isOn = false));
              line.isOn = true;
            }
            drawLegend();
            draw();
          },
        }, el("span", { class: "dot", style: `background:${color(line.index)}` }), line.text)));
      }

      canvas.onmousemove = (event) => draw([event.offsetX, event.offsetY]);
      canvas.onmouseleave = () => { tip.hidden = true; draw(); };
      new ResizeObserver(() => draw()).observe(canvas);
      addEventListener("themechange", () => { drawLegend(); draw(); });
      drawLegend();
      const left = result.length - lines.length;
      return [
        el("div", { class: "chart" }, canvas, tip),
        left > 0 && el("p", { class: "dim" }, `${left} more series are not drawn`),
        legend,
      ];
    }

    function bounds(lines) {
      let low = Infinity;
      let high = -Infinity;
      for (const line of lines) {
        for (const [, value] of line.points) {
          if (!isFinite(value)) continue;
          if (value < low) low = value;
          if (value > high) high = value;
        }
      }
      if (low > high) return [0, 1];
      const half = (Math.abs(low) || 1) * 0.5;
      if (low === high) return [low - half, high + half];
      const room = (high - low) * 0.05;
      return [low >= 0 && low - room < 0 ? 0 : low - room, high + room];
    }

    function paint(chart, pointer) {
      const { canvas, lines, start, end, step } = chart;
      const ratio = devicePixelRatio || 1;
      const width = canvas.clientWidth;
      const height = canvas.clientHeight;
      canvas.width = width * ratio;
      canvas.height = height * ratio;
      const context = canvas.getContext("2d");
      context.scale(ratio, ratio);
      const css = getComputedStyle(document.documentElement);
      const shown = lines.filter((line) => line.isOn);
      const [low, high] = bounds(shown);
      const inner = {
        w: width - margin.left - margin.right, h: height - margin.top - margin.bottom,
      };
      const x = (time) => margin.left + ((time - start) / (end - start || 1)) * inner.w;
      const y = (value) => margin.top + (1 - (value - low) / (high - low)) * inner.h;

      context.font = "12px system-ui, sans-serif";
      context.fillStyle = css.getPropertyValue("--dim");
      context.strokeStyle = css.getPropertyValue("--line");
      context.lineWidth = 1;
      context.textBaseline = "middle";
      context.textAlign = "right";
      for (const value of ticks(low, high, 7)) {
        const at = Math.round(y(value)) + 0.5;
        segment(context, margin.left, at, width - margin.right, at);
        context.fillText(short(value), margin.left - 8, at);
      }
      context.textAlign = "center";
      const times = timeTicks(start, end, Math.max(2, inner.w / 90));
      for (const time of times.out) {
        const at = Math.round(x(time)) + 0.5;
        segment(context, at, margin.top, at, height - margin.bottom);
        context.fillText(timeText(time, times.step), at, height - margin.bottom + 15);
      }
      context.lineWidth = 1.5;
      for (const line of shown) trace(context, line, x, y, step);
      if (pointer) hover(chart, context, shown, pointer, x, y);
    }

    function segment(context, x1, y1, x2, y2) {
      context.beginPath();
      context.moveTo(x1, y1);
      context.lineTo(x2, y2);
      context.stroke();
    }

    // A gap of more than a step breaks the line; a point alone becomes a dot.
    function trace(context, line, x, y, step) {
      context.strokeStyle = context.fillStyle = color(line.index);
      context.beginPath();
      let last = -Infinity;
      let run = 0;
      let lastX = 0;
      let lastY = 0;
      const dot = () => { if (run === 1) context.fillRect(lastX - 1.5, lastY - 1.5, 3, 3); };
      for (const [time, value] of line.points) {
        if (!isFinite(value)) { dot(); last = -Infinity; run = 0; continue; }
        const broken = time - last > step * 1.5;
        if (broken) { dot(); run = 0; }
        lastX = x(time);
        lastY = y(value);
        if (broken) context.moveTo(lastX, lastY); else context.lineTo(lastX, lastY);
        run += 1;
        last = time;
      }
      dot();
      context.stroke();
    }

    // The point nearest to the pointer.
    function hover(chart, context, shown, [px, py], x, y) {
      let best;
      let bestDistance = 60 ** 2;
      for (const line of shown) {
        for (const [time, value] of line.points) {
          const dx = x(time) - px;
          if (dx > 60 || dx < -60 || !isFinite(value)) continue;
          const distance = dx * dx + (y(value) - py) ** 2;
          if (distance < bestDistance) { bestDistance = distance; best = { line, time, value }; }
        }
      }
      const { tip, canvas } = chart;
      tip.hidden = !best;
      if (!best) return;
      context.fillStyle = color(best.line.index);
      context.beginPath();
      context.arc(x(best.time), y(best.value), 4, 0, 7);
      context.fill();
      replace(tip,
        el("div", { class: "dim" }, localTime(best.time)),
        el("div", {}, el("b", {}, String(best.value))),
        el("div", { class: "mono" },
          el("span", { class: "dot", style: `background:${color(best.line.index)}` }),
          best.line.text));
      const isRight = px > canvas.clientWidth / 2;
      tip.style.left = isRight ? "auto" : `${px + 16}px`;
      tip.style.right = isRight ? `${canvas.clientWidth - px + 16}px` : "auto";
      tip.style.top = `${Math.max(0, py - 20)}px`;
    }
    """#
}
