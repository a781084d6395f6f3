"use strict";
(() => {
  const root = document.documentElement;
  const key = "codedance-theme";
  const stored = () => { try { return localStorage.getItem(key); } catch { return null; } };
  const store = (theme) => { try { localStorage.setItem(key, theme); } catch { /* a page from disk may have no storage */ } };
  if (["light", "dark"].includes(stored())) root.dataset.theme = stored();
  const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element) || !event.target.closest("[data-action=theme]")) return;
    root.dataset.theme = dark() ? "light" : "dark";
    store(root.dataset.theme);
  });
})();
