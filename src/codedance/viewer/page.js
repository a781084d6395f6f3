"use strict";
(() => {
  const root = document.documentElement;
  const dark = window.matchMedia && window.matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "dark" : "light";
  document.getElementById("theme").addEventListener("click", () => {
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
  });
  const turns = Array.from(document.querySelectorAll(".turn"));
  const current = () => {
    const focused = turns.indexOf(document.activeElement && document.activeElement.closest(".turn"));
    if (focused >= 0) return focused;
    return turns.findIndex((turn) => "#" + turn.id === location.hash);
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !turns.length) return;
    const step = { j: 1, ArrowRight: 1, k: -1, ArrowLeft: -1 }[event.key];
    if (!step || document.getElementById("large").open) return;
    const target = turns[Math.min(turns.length - 1, Math.max(0, current() + step))];
    history.replaceState(null, "", "#" + target.id);
    target.focus();
    event.preventDefault();
  });
  const large = document.getElementById("large");
  document.querySelectorAll(".zoom").forEach((button) => button.addEventListener("click", () => {
    const small = button.querySelector("img");
    const picture = large.querySelector("img");
    picture.src = small.src;
    picture.alt = small.alt;
    large.showModal();
  }));
  document.getElementById("close").addEventListener("click", () => large.close());
  large.addEventListener("click", (event) => { if (event.target === large) large.close(); });
})();
