"use strict";
(() => {
  const live = () => document.getElementById("live");
  const help = document.getElementById("help");
  let changes = document.querySelector("meta[name=codedance-changes]").content;
  let busy = null;

  const rows = () => Array.from(document.querySelectorAll("[data-row]"));
  const field = (element) => element instanceof Element && element.closest("input, select, textarea, [contenteditable]");

  // A page is fetched and put in the place of the old one; what a person is writing or looking at stays.
  const show = async (address, { push = false, quiet = false } = {}) => {
    if (busy) busy.abort();
    const mine = busy = new AbortController();
    let text;
    try {
      const answer = await fetch(address, { signal: mine.signal, headers: { Accept: "text/html" } });
      text = await answer.text();
    } catch (error) {
      if (!quiet && error.name !== "AbortError") location.href = address;
      return;
    }
    if (mine.signal.aborted) return;
    busy = null;
    const page = new DOMParser().parseFromString(text, "text/html");
    const fresh = page.getElementById("live");
    if (!fresh) { location.href = address; return; }
    const focused = document.activeElement;
    if (quiet && focused && live().contains(focused) && field(focused)) return;
    const kept = focused && live().contains(focused) ? (focused.id ? `#${focused.id}` : focused.name ? `[name=${focused.name}]` : null) : null;
    const link = focused && focused.matches && focused.matches("[data-row]") ? focused.getAttribute("href") : null;
    const place = focused && "selectionStart" in focused ? focused.selectionStart : null;
    const scrolled = Array.from(document.querySelectorAll(".scroll, .attempts")).map((one) => one.scrollLeft);
    const open = Array.from(live().querySelectorAll("details[id]")).filter((one) => one.open).map((one) => one.id);
    live().replaceWith(document.adoptNode(fresh));
    open.forEach((id) => { const one = document.getElementById(id); if (one) one.open = true; });
    document.querySelectorAll(".scroll, .attempts").forEach((one, index) => { one.scrollLeft = scrolled[index] || 0; });
    document.title = page.title;
    const parts = page.querySelector(".parts");
    if (parts) document.querySelector(".parts").replaceWith(document.adoptNode(parts));
    changes = page.querySelector("meta[name=codedance-changes]").content;
    if (push) history.pushState(null, "", address);
    const target = link ? rows().find((one) => one.getAttribute("href") === link) : kept ? live().querySelector(kept) : null;
    if (target) {
      target.focus({ preventScroll: true });
      if (place !== null && target.setSelectionRange && target.type === "search") target.setSelectionRange(place, place);
    }
  };

  const address = (form) => {
    const pairs = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (value !== "" && name !== "page") pairs.append(name, value);
    const query = pairs.toString();
    return form.getAttribute("action") + (query ? `?${query}` : "");
  };
  const filters = (element) => element instanceof Element && element.closest("#filters");

  document.addEventListener("submit", (event) => {
    const form = filters(event.target);
    if (!form) return;
    event.preventDefault();
    show(address(form), { push: true });
  });
  document.addEventListener("change", (event) => {
    const form = filters(event.target);
    if (form && event.target.type !== "search") show(address(form), { push: true });
  });
  let typing = 0;
  document.addEventListener("input", (event) => {
    if (event.target.id !== "search") return;
    clearTimeout(typing);
    typing = setTimeout(() => { const form = filters(event.target); if (form) show(address(form), { push: true }); }, 350);
  });
  addEventListener("popstate", () => show(location.href));

  const step = (by) => {
    const all = rows();
    if (!all.length) return;
    const now = all.indexOf(document.activeElement);
    const next = all[now < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, now + by))];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  };
  const follow = (selector) => { const link = document.querySelector(selector); if (link) show(link.href, { push: true }).then(() => scrollTo(0, 0)); };
  const visit = (name) => { const link = document.querySelector(`.parts a[href^="${name}"]`); if (link) location.href = link.href; };
  const keys = {
    "/": () => { const search = document.getElementById("search"); if (search) { search.focus(); search.select(); } },
    j: () => step(1), k: () => step(-1),
    n: () => follow(".pager a[rel=next]"), p: () => follow(".pager a[rel=prev]"),
    t: () => visit("trajectories"), g: () => visit("groups"), c: () => visit("compare"), l: () => visit("plots"),
    "?": () => help.showModal(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    if (event.key === "Escape" && field(event.target)) { event.target.blur(); return; }
    if (field(event.target) || !Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
  });
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    if (event.target.closest("[data-action=help]")) { help.showModal(); return; }
    const link = event.target.closest(".pager a, .rows th a, .changes a");
    if (link && event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      show(link.href, { push: true });
    }
  });

  const watch = async () => {
    let pause = 1500;
    try {
      const answer = await fetch("state", { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(answer.status);
      const state = await answer.json();
      const line = document.getElementById("state");
      if (line && line.textContent !== state.words) line.textContent = state.words;
      const writing = field(document.activeElement) && live().contains(document.activeElement);
      if (String(state.changes) !== changes && !document.hidden && !writing) {
        const begin = Date.now();
        await show(location.href, { quiet: true });
        pause = Math.max(pause, 4 * (Date.now() - begin));
      }
    } catch {
      const line = document.getElementById("state");
      if (line) line.textContent = "The server does not answer: start codedance view again.";
      pause = 4000;
    }
    setTimeout(watch, pause);
  };
  setTimeout(watch, 1500);
})();
