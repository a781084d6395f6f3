"use strict";
(() => {
  const body = document.getElementById("rows");
  if (!body) return;
  const SHOWN = 50;
  const rows = Array.from(body.rows);
  const byId = (id) => document.getElementById(id);
  const form = document.querySelector(".filters");
  const pager = document.querySelector(".pager");
  const words = rows.map((row) => (row.querySelector(".question").textContent + " " + row.querySelector(".said").textContent).toLowerCase());
  const place = new Map(rows.map((row, index) => [row, index]));
  const state = { q: "", verdict: "", tools: "", stop: "", sort: "n", down: false, page: 0 };
  const selects = ["verdict", "tools", "stop"];
  const columns = new Set(Array.from(document.querySelectorAll("th[data-sort]"), (head) => head.dataset.sort));

  const read = () => {
    const given = new URLSearchParams(location.hash.slice(1));
    for (const name of ["q", ...selects]) state[name] = given.get(name) || "";
    state.sort = columns.has(given.get("sort")) ? given.get("sort") : "n";
    state.down = given.get("down") === "1";
    state.page = Math.max(0, (Number.parseInt(given.get("page") || "1", 10) || 1) - 1);
    byId("search").value = state.q;
    for (const name of selects) if (byId(name)) byId(name).value = state[name];
  };
  const write = () => {
    const kept = new URLSearchParams();
    for (const name of ["q", ...selects]) if (state[name]) kept.set(name, state[name]);
    if (state.sort !== "n" || state.down) { kept.set("sort", state.sort); if (state.down) kept.set("down", "1"); }
    if (state.page) kept.set("page", String(state.page + 1));
    history.replaceState(null, "", "#" + kept);
  };
  const value = {
    q: (row) => words[place.get(row)], v: (row) => row.dataset.verdict, e: (row) => row.dataset.stop,
  };
  const worth = (row) => value[state.sort] ? value[state.sort](row) : Number(row.dataset[state.sort] ?? -Infinity);
  const show = () => {
    const wanted = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    const fitting = rows.filter((row) => (!state.verdict || row.dataset.verdict === state.verdict)
      && (!state.tools || row.dataset.tools === state.tools) && (!state.stop || row.dataset.stop === state.stop)
      && wanted.every((word) => words[place.get(row)].includes(word)));
    const sign = state.down ? -1 : 1;
    const keyed = fitting.map((row) => [worth(row), row]);
    keyed.sort(([a, x], [b, y]) => (a < b ? -sign : a > b ? sign : place.get(x) - place.get(y)));
    const pages = Math.max(1, Math.ceil(keyed.length / SHOWN));
    state.page = Math.min(state.page, pages - 1);
    const begin = state.page * SHOWN;
    body.replaceChildren(...keyed.slice(begin, begin + SHOWN).map(([, row]) => row));
    byId("count").textContent = keyed.length === rows.length ? `${rows.length.toLocaleString("en")} trajectories` : `${keyed.length.toLocaleString("en")} of ${rows.length.toLocaleString("en")}`;
    byId("none").hidden = keyed.length > 0;
    pager.hidden = pages < 2;
    byId("page").textContent = `page ${state.page + 1} of ${pages}`;
    byId("back").disabled = state.page === 0;
    byId("forth").disabled = state.page === pages - 1;
    document.querySelectorAll("th[data-sort]").forEach((head) => {
      if (head.dataset.sort === state.sort) head.setAttribute("aria-sort", state.down ? "descending" : "ascending"); else head.removeAttribute("aria-sort");
    });
  };
  const change = (what) => { Object.assign(state, { page: 0 }, what); show(); write(); };

  document.querySelectorAll("th[data-sort]").forEach((head) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    button.addEventListener("click", () => change({ down: state.sort === head.dataset.sort && !state.down, sort: head.dataset.sort }));
    head.replaceChildren(button);
  });
  byId("search").addEventListener("input", (event) => change({ q: event.target.value.trim() }));
  for (const name of selects) if (byId(name)) byId(name).addEventListener("change", (event) => change({ [name]: event.target.value }));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => change({ q: "", verdict: "", tools: "", stop: "", sort: "n", down: false }));
  const turn = (by) => { change({ page: state.page + by }); document.querySelector(".table").scrollIntoView({ block: "start" }); };
  byId("back").addEventListener("click", () => turn(-1));
  byId("forth").addEventListener("click", () => turn(1));
  window.addEventListener("hashchange", () => { read(); show(); });
  let keysOn = true;
  try { keysOn = localStorage.getItem("codedance-keys") !== "off"; } catch { /* a page from disk may have no storage */ }
  document.addEventListener("keydown", (event) => {
    if (!keysOn || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target instanceof Element && event.target.closest("input, select, textarea")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const links = Array.from(body.querySelectorAll(".question a"));
    const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
    if (step && links.length) {
      const at = links.indexOf(document.activeElement);
      if (at < 0 && event.key.startsWith("Arrow")) return;
      links[Math.min(links.length - 1, Math.max(0, at + step))].focus();
    } else if (event.key === "/") byId("search").focus();
    else if (event.key === "t") document.querySelector("[data-action=theme]").click();
    else return;
    event.preventDefault();
  });
  form.hidden = false;
  read();
  show();
})();
