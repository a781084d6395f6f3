"use strict";
(() => {
  const turns = Array.from(document.querySelectorAll(".turn"));
  const large = document.getElementById("large");
  const keys = document.getElementById("keys");
  const stage = large.querySelector(".stage");
  const on = document.getElementById("keys-on");
  const say = (text) => { document.getElementById("said").textContent = text; };
  const saved = (name, value) => {
    try {
      if (value === undefined) return localStorage.getItem(name);
      localStorage.setItem(name, value);
    } catch { /* a page from disk may have no storage */ }
    return null;
  };
  on.checked = saved("codedance-keys") !== "off";
  on.addEventListener("change", () => saved("codedance-keys", on.checked ? "on" : "off"));

  // Which turn is looked at: its boxes stand out on the inputs.
  let shown = null;
  const inputs = document.getElementById("inputs");
  const point = (number) => {
    if (number === shown) return;
    shown = number;
    const marks = inputs ? Array.from(inputs.querySelectorAll(".mark")) : [];
    let some = false;
    marks.forEach((mark) => {
      const its = mark.dataset.turn === String(number);
      mark.classList.toggle("on", its);
      some = some || its;
    });
    if (inputs) inputs.classList.toggle("focused", some && marks.some((mark) => !mark.classList.contains("on")));
    document.querySelectorAll(".turns a").forEach((link) => {
      if (link.hash === "#turn-" + number) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
    });
  };
  const numberOf = (turn) => Number(turn.id.slice(5));
  const current = () => {
    const focused = document.activeElement && document.activeElement.closest(".turn");
    if (focused) return turns.indexOf(focused);
    return turns.findIndex((turn) => "#" + turn.id === location.hash);
  };
  const go = (index) => {
    const target = turns[Math.min(turns.length - 1, Math.max(0, index))];
    if (!target) return;
    history.replaceState(null, "", "#" + target.id);
    target.focus({ preventScroll: true });
    target.scrollIntoView({ block: "start" });
    point(numberOf(target));
  };
  const arrive = () => {
    const index = turns.findIndex((turn) => "#" + turn.id === location.hash);
    if (index >= 0) go(index);
  };
  window.addEventListener("hashchange", arrive);
  arrive();
  document.addEventListener("focusin", (event) => {
    const turn = event.target instanceof Element && event.target.closest(".turn");
    if (turn) point(numberOf(turn));
  });
  document.addEventListener("pointerover", (event) => {
    const named = event.target instanceof Element && event.target.closest("[data-turn]");
    const turn = event.target instanceof Element && event.target.closest(".turn");
    if (named) point(Number(named.dataset.turn)); else if (turn) point(numberOf(turn));
  });

  const enlarge = (button) => {
    const small = button.querySelector("img");
    const fit = document.createElement("span");
    fit.className = "fit";
    const picture = document.createElement("img");
    picture.src = small.src;
    picture.alt = small.alt;
    fit.append(picture);
    const marks = button.querySelector(".marks");
    if (marks) fit.append(marks.cloneNode(true));
    stage.replaceChildren(fit);
    stage.className = Math.max(small.naturalWidth, small.naturalHeight) < 400 ? "stage small" : "stage";
    large.querySelector("#large-name").textContent = small.alt;
    large.querySelector("[data-action=actual]").setAttribute("aria-pressed", "false");
    large.showModal();
    large.querySelector("[data-action=close]").focus();
  };
  const actual = (button) => {
    const pressed = stage.classList.toggle("actual");
    button.setAttribute("aria-pressed", String(pressed));
  };
  const copy = async (button) => {
    const code = button.parentElement.querySelector("code").textContent;
    try { await navigator.clipboard.writeText(code); say("copied"); button.textContent = "Copied"; } catch {
      getSelection().selectAllChildren(button.parentElement.querySelector("code"));
      say("selected; copy it with your keyboard");
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  };
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    const action = event.target.closest("[data-action]");
    const zoom = event.target.closest(".zoom");
    if (event.target === large || event.target === keys) event.target.close();
    else if (zoom && !large.contains(zoom)) enlarge(zoom);
    else if (action && action.dataset.action === "actual") actual(action);
    else if (action && action.dataset.action === "copy") copy(action);
    else if (action && action.dataset.action === "keys") keys.showModal();
    else if (action && action.dataset.action === "close") action.closest("dialog").close();
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || large.open || keys.open) return;
    const inside = event.target instanceof Element && event.target.closest("pre, input, select, textarea, .scroll");
    const arrow = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (arrow && inside) return;
    if (!arrow && !on.checked && event.key !== "?") return;
    const step = arrow || { j: 1, k: -1 }[event.key];
    if (step && turns.length) go(current() + step);
    else if (event.key === "t") document.querySelector("[data-action=theme]").click();
    else if (event.key === "?") keys.showModal();
    else {
      const link = { n: 1, p: 1, u: 1 }[event.key] && document.querySelector(`a[data-key=${event.key}]`);
      if (!link) return;
      link.click();
    }
    event.preventDefault();
  });
})();
