// Drawing an episode turn by turn, live or from a trace.
const SOURCES = { value: "value of the last line", figure: "figure", display: "shown by the code" };
const STATES = { ok: "ran", error: "error", timeout: "too slow", memory: "out of memory", exited: "exited", crashed: "crashed", denied: "not allowed", lost: "lost" };

function codeBlock(code, label) {
  const copy = make("button", { type: "button", class: "copy", "aria-label": `Copy the ${label}`, on: { click: async () => {
    try {
      await navigator.clipboard.writeText(code);
      copy.textContent = "Copied";
    } catch {
      copy.textContent = "Cannot copy";
    }
    setTimeout(() => { copy.textContent = "Copy"; }, 1500);
  } } }, "Copy");
  const pre = make("pre", { class: "hl", tabIndex: 0, role: "region", "aria-label": label }, make("code", {}, coloured(code)));
  return make("div", { class: "block" }, pre, copy);
}

function outputBlock(text, label, kind) {
  if (!text || !text.trim()) return null;
  const shown = visible(text.replace(/\n+$/, ""));
  const pre = make("pre", { class: `wrap ${kind}`, tabIndex: 0, role: "region", "aria-label": label }, shown);
  if (shown.length < 4000) return make("div", { class: "block" }, pre);
  return make("details", {}, make("summary", {}, `${label} (${shown.length} characters)`), pre);
}

class RunView {
  // pictureOf gives the URL of a picture that the code showed, or a promise of it.
  constructor(place, { question, inputs, pictureOf }) {
    this.pictureOf = pictureOf;
    this.turns = make("ol", { class: "turns" });
    this.state = make("p", { class: "state" });
    this.end = make("div");
    this.current = null;
    this.raw = "";
    const thumbs = inputs.map((one, index) => zoomable(one.source, inputs.length > 1 ? `Picture ${index + 1}` : "The picture", one));
    place.replaceChildren(
      make("div", { class: "question" }, thumbs.length ? make("div", { class: "inputs" }, ...thumbs) : null, make("h1", { tabIndex: -1 }, visible(question))),
      this.state, this.turns, this.end,
    );
  }

  busy(text) {
    this.state.replaceChildren(make("span", { class: "dots", "aria-hidden": "true" }, make("i"), make("i"), make("i")), text);
  }

  still(...what) {
    this.state.replaceChildren(...what);
    this.state.hidden = what.length === 0;
  }

  open(number) {
    this.raw = "";
    this.current = make("li", { class: "turn", id: `turn-${number}`, tabIndex: -1, data: { number }, "aria-label": `Turn ${number}` });
    this.turns.append(this.current);
  }

  // Redrawn once a frame at most: pieces may come by the hundred.
  write(text) {
    this.raw += text;
    if (this.drawing) return;
    this.drawing = true;
    requestAnimationFrame(() => {
      this.drawing = false;
      if (!this.raw || !this.current || this.current.dataset.done) return;
      const { thought, code } = sketch(this.raw);
      const pieces = [make("p", { class: code === null ? "thought writing" : "thought" }, visible(thought))];
      if (code !== null) {
        const block = codeBlock(code, "code");
        block.querySelector("code").classList.add("writing");
        pieces.push(block);
      }
      this.replace(pieces);
    });
  }

  replace(pieces) {
    const follows = innerHeight + scrollY > document.body.scrollHeight - 120;
    this.current.replaceChildren(...pieces.filter(Boolean));
    if (follows) scrollTo({ top: document.body.scrollHeight });
  }

  started(event) {
    this.current.dataset.done = "code";
    this.replace([make("p", { class: "thought" }, visible(event.thought)), codeBlock(event.code, "code")]);
  }

  turn(event) {
    if (!this.current || this.current.dataset.number !== String(event.turn)) this.open(event.turn);
    this.current.dataset.done = "turn";
    const pieces = [];
    if (event.thought) pieces.push(make("p", { class: "thought" }, visible(event.thought)));
    if (event.code !== null) pieces.push(codeBlock(event.code, `code of turn ${event.turn}`));
    if (event.execution) pieces.push(...this.execution(event.execution, event.turn));
    if (event.reminder) pieces.push(outputBlock(event.reminder, "reminder", "out"));
    this.replace(pieces);
    if (!pieces.length) this.current.remove();
  }

  execution(ran, number) {
    const kind = ran.status === "ok" ? "good" : "bad";
    const detail = [`${ran.seconds.toFixed(2)} s`, ran.detail && visible(ran.detail), ran.truncated && "output cut at a limit"];
    const said = ran.stdout || ran.value || ran.stderr || ran.error || ran.images.length;
    return [
      make("p", { class: "ran" }, badge(STATES[ran.status] || ran.status, kind), detail.filter(Boolean).join(" · "), said ? "" : " · nothing shown"),
      outputBlock(ran.stdout, `output of turn ${number}`, "out"),
      outputBlock(ran.value, `value of turn ${number}`, "out"),
      outputBlock(ran.stderr, `warnings of turn ${number}`, "out err"),
      outputBlock(ran.error, `error of turn ${number}`, "out err"),
      ran.images.length ? make("div", { class: "shown" }, ...ran.images.map((one, index) => this.figure(one, number, index + 1))) : null,
    ];
  }

  figure(image, number, index) {
    const caption = `${image.width}×${image.height} · ${SOURCES[image.source] || "shown"}`;
    const figure = make("figure", {}, make("figcaption", {}, caption));
    Promise.resolve(image.url || this.pictureOf(image.sha256)).then(
      (source) => figure.prepend(zoomable(source, `Picture ${index} of turn ${number}, ${image.width} by ${image.height} pixels`, image, true)),
      () => figure.prepend(make("span", { class: "soft" }, "This picture is no longer kept.")),
    );
    return figure;
  }

  finish(ended, trace, { model, actions, expected }) {
    const answered = ended.stop === "answered";
    const failed = ended.stop === "model_failed" || ended.stop === "sandbox_failed";
    const said = answered ? ended.answer || "(an empty answer)" : ended.message;
    const facts = [plural(ended.turns, "turn"), `${ended.seconds.toFixed(1)} s`, visible(model || "")].filter(Boolean).join(" · ");
    const right = expected === undefined || !answered ? null : expected.trim().toLowerCase() === ended.answer.trim().toLowerCase();
    const verdict = right === null ? null : right ? badge("right", "good") : badge(`the answer is ${visible(expected)}`, "bad");
    const kind = failed ? "failed" : !answered ? "none" : right === false ? "wrong" : "";
    this.still();
    this.end.replaceChildren(make("section", { class: `answer-card card ${kind}`, "aria-label": "Answer", tabIndex: -1 },
      make("span", { class: "tag" }, answered ? "Answer" : "No answer"),
      make("p", { class: `said ${said.length > 90 || !answered ? "long" : ""}` }, visible(said)),
      ended.failure ? outputBlock(ended.failure, "what failed", "out err") : null,
      make("p", { class: "meta row" }, verdict, facts),
      make("div", { class: "row" }, ...actions(trace))));
    this.end.scrollIntoView({ block: "nearest" });
  }
}
