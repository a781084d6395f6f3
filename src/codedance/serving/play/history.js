// What was asked in this tab; traces themselves stay on the server.
const PAST = "codedance-past";
const MOST_PAST = 40;

function past() {
  try {
    const list = JSON.parse(sessionStorage.getItem(PAST) || "[]");
    return Array.isArray(list) ? list.filter((one) => one && typeof one.trace === "string") : [];
  } catch {
    return [];
  }
}

function remember(entry) {
  const list = [entry, ...past().filter((one) => one.trace !== entry.trace)].slice(0, MOST_PAST);
  try { sessionStorage.setItem(PAST, JSON.stringify(list)); } catch { /* a browser without storage */ }
  drawPast(entry.trace);
}

function drawPast(current) {
  const list = past();
  by("past").hidden = list.length === 0;
  by("past-list").replaceChildren(...list.map((one) => make("li", {}, make("button", {
    type: "button", class: "past", "aria-current": String(one.trace === current), title: visible(one.question), on: { click: () => recall(one) },
  }, make("span", { class: "asked" }, visible(one.question)), make("span", { class: one.answer === null ? "answer soft" : "answer" }, one.answer === null ? "–" : visible(one.answer))))));
}
