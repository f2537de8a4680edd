extension UIAssets {
  static let style = #"""
    :root {
      color-scheme: light;
      --bg: #ffffff; --panel: #f6f7f9; --line: #dfe3e8; --text: #1c2430; --dim: #667085;
      --accent: #d9481f; --good: #1a7f4b; --bad: #c4281c; --warn: #9a6700; --code: #8a2a0b;
      --good-bg: #e3f5ea; --bad-bg: #fde7e5; --warn-bg: #fff3d0; --idle-bg: #eceff3;
    }
    :root.dark {
      color-scheme: dark;
      --bg: #12161c; --panel: #1a2029; --line: #2d3643; --text: #e4e8ee; --dim: #93a0b2;
      --accent: #ff7a4d; --good: #5ed39a; --bad: #ff8b80; --warn: #f0c04c; --code: #ffb08f;
      --good-bg: #12352580; --bad-bg: #4a1b1780; --warn-bg: #46340980; --idle-bg: #262e3a;
    }
    * { box-sizing: border-box; }
    body {
      margin: 0; background: var(--bg); color: var(--text);
      font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
    }
    a { color: var(--accent); text-decoration: none; }
    a:hover { text-decoration: underline; }
    header {
      display: flex; align-items: center; gap: 18px; padding: 0 20px; height: 48px;
      border-bottom: 1px solid var(--line); background: var(--panel);
      position: sticky; top: 0; z-index: 5; overflow-x: auto;
    }
    .brand { font-weight: 700; font-size: 17px; color: var(--accent); }
    nav { display: flex; gap: 2px; flex: 1; }
    nav a { color: var(--text); padding: 5px 10px; border-radius: 6px; white-space: nowrap; }
    nav a:hover { background: var(--idle-bg); text-decoration: none; }
    nav a[aria-current] { background: var(--idle-bg); font-weight: 600; }
    main { max-width: 1500px; margin: 0 auto; padding: 20px; }
    h2 { font-size: 17px; margin: 22px 0 8px; }
    button, select, input, textarea {
      font: inherit; color: inherit; background: var(--bg); border: 1px solid var(--line);
      border-radius: 6px; padding: 5px 10px;
    }
    button { cursor: pointer; background: var(--panel); }
    button:hover { border-color: var(--accent); }
    button.primary { background: var(--accent); border-color: var(--accent); color: #fff; }
    button[aria-pressed="true"] { border-color: var(--accent); color: var(--accent); }
    input:focus, textarea:focus, select:focus, button:focus-visible {
      outline: 2px solid var(--accent); outline-offset: -1px;
    }
    textarea.expr {
      font: 14px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace;
      width: 100%; resize: vertical; min-height: 40px; padding: 8px 12px;
    }
    .row { display: flex; gap: 8px; align-items: center; flex-wrap: wrap; margin: 10px 0; }
    .grow { flex: 1; }
    .dim { color: var(--dim); }
    .right { text-align: right; }
    code, pre, .mono { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
    code { font-size: 13px; }
    pre {
      background: var(--panel); border: 1px solid var(--line); border-radius: 8px;
      padding: 14px; overflow: auto; font-size: 13px; margin: 0;
    }
    table { border-collapse: collapse; width: 100%; }
    th {
      text-align: left; font-weight: 600; color: var(--dim); font-size: 12px;
      border-bottom: 1px solid var(--line); padding: 6px 10px; white-space: nowrap;
    }
    td {
      border-bottom: 1px solid var(--line); padding: 6px 10px; vertical-align: top;
      overflow-wrap: anywhere;
    }
    tr:last-child td { border-bottom: 0; }
    td.num { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
    .card {
      border: 1px solid var(--line); border-radius: 10px; margin: 12px 0; overflow: hidden;
    }
    .card > summary, .card > .head {
      display: flex; gap: 10px; align-items: center; padding: 9px 14px;
      background: var(--panel); cursor: pointer; font-weight: 600; list-style: none;
    }
    .card > .head { cursor: default; }
    .card[open] > summary, .card > .head { border-bottom: 1px solid var(--line); }
    .badge {
      display: inline-block; border-radius: 20px; padding: 0 9px; font-size: 12px;
      font-weight: 600; background: var(--idle-bg); color: var(--dim); white-space: nowrap;
    }
    .badge.good { background: var(--good-bg); color: var(--good); }
    .badge.bad { background: var(--bad-bg); color: var(--bad); }
    .badge.warn { background: var(--warn-bg); color: var(--warn); }
    .label {
      display: inline-block; background: var(--idle-bg); border-radius: 4px; padding: 0 6px;
      margin: 1px 3px 1px 0; font-size: 12px;
      font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace;
    }
    .notice { padding: 8px 14px; border-radius: 8px; margin: 10px 0; overflow-wrap: anywhere; }
    .notice.bad { background: var(--bad-bg); color: var(--bad); }
    .notice.warn { background: var(--warn-bg); color: var(--warn); }
    #notices { max-width: 1500px; margin: 0 auto; padding: 0 20px; }
    .tabs { display: flex; gap: 4px; border-bottom: 1px solid var(--line); margin: 14px 0; }
    .tabs button {
      border: 0; background: none; border-radius: 0; padding: 7px 14px;
      border-bottom: 2px solid transparent; color: var(--dim);
    }
    .tabs button[aria-selected="true"] { border-color: var(--accent); color: var(--text); }
    .suggest {
      position: absolute; z-index: 9; background: var(--bg); border: 1px solid var(--line);
      border-radius: 8px; box-shadow: 0 8px 28px #0004; max-height: 280px; overflow: auto;
      min-width: 320px;
    }
    .suggest div { padding: 3px 12px; cursor: pointer; }
    .suggest div.on { background: var(--idle-bg); }
    .chart { position: relative; }
    .chart canvas { width: 100%; height: 420px; display: block; cursor: crosshair; }
    .tip {
      position: absolute; pointer-events: none; background: var(--bg); z-index: 4;
      border: 1px solid var(--line); border-radius: 8px; padding: 8px 12px; font-size: 12px;
      box-shadow: 0 6px 20px #0003; max-width: 480px; overflow-wrap: anywhere;
    }
    .legend { margin-top: 10px; max-height: 320px; overflow: auto; font-size: 13px; }
    .legend div { cursor: pointer; padding: 1px 4px; border-radius: 4px; }
    .legend div:hover { background: var(--panel); }
    .legend .off { opacity: 0.35; }
    .dot {
      display: inline-block; width: 11px; height: 11px; border-radius: 3px; margin-right: 7px;
      vertical-align: -1px;
    }
    .explain { padding: 8px 14px; overflow-x: auto; }
    .explain .below { margin-left: 18px; border-left: 1px solid var(--line); padding-left: 10px; }
    .explain summary { list-style: none; cursor: pointer; }
    .op { display: flex; gap: 10px; align-items: baseline; padding: 3px 0; white-space: nowrap; }
    .op code { overflow: hidden; text-overflow: ellipsis; max-width: 44em; min-width: 4em; }
    .meter { flex: none; width: 60px; height: 9px; border-radius: 3px; background: var(--idle-bg); }
    .meter span { display: block; height: 100%; border-radius: 3px; background: var(--accent); }
    .two { display: grid; grid-template-columns: repeat(auto-fit, minmax(420px, 1fr)); gap: 14px; }
    """#
}
