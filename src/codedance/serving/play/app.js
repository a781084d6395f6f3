// The page: asking, stopping, looking back.
let running = null;
let expected;
let models = [];

async function begin() {
  wirePictures();
  wireKeys();
  by("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    ask();
  });
  by("stop").addEventListener("click", stop);
  by("new").addEventListener("click", startOver);
  by("model").addEventListener("change", showNote);
  by("large").addEventListener("click", (event) => { if (event.target === by("large")) by("large").close(); });
  drawPast();
  try {
    const setup = await getJson("/playground/setup");
    limits = setup;
    models = setup.models;
    by("model").replaceChildren(...models.map((one) => make("option", { value: one.name }, visible(one.name))));
    for (const name of ["turns", "seconds", "tokens"]) Object.assign(by(name), { value: setup.budgets[name], max: setup.budgets[name] });
    by("temperature").value = setup.temperature;
    showNote();
    await drawExamples();
  } catch (error) {
    showProblem(error.message);
  }
}

function showNote() {
  const model = models.find((one) => one.name === by("model").value);
  by("examples").classList.toggle("small", Boolean(model) && model.name === "nano");
  by("model-note").textContent = model ? model.note : "";
}

async function drawExamples() {
  const { examples } = await getJson("/playground/examples");
  const cards = examples.map((one) => {
    const image = make("img", { alt: "", loading: "lazy" });
    getBlob(one.url).then((blob) => { image.src = URL.createObjectURL(blob); }, () => image.remove());
    const tags = [badge(one.family), one.difficulty === "hard" ? badge("hard") : null, one.for_small ? null : badge("for larger models", "warn larger")];
    return make("li", {}, make("button", { type: "button", class: "example", on: { click: () => tryExample(one) } },
      make("span", { class: "shot" }, image),
      make("span", { class: "words" }, make("span", { class: "asked" }, one.question), make("span", { class: "tags" }, ...tags.filter(Boolean)))));
  });
  by("examples").replaceChildren(...cards);
  drawCall();
  by("examples").setAttribute("aria-busy", "false");
}

function drawCall() {
  const code = `from openai import OpenAI

client = OpenAI(base_url="${location.origin}/v1", api_key="${token() ? "TOKEN" : "none"}")
picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,..."}}
question = {"type": "text", "text": "How many red circles are there?"}
answer = client.chat.completions.create(
    model=${JSON.stringify(by("model").value)}, messages=[{"role": "user", "content": [picture, question]}]
)
print(answer.choices[0].message.content)`;
  by("call").replaceChildren(codeBlock(code, "program"));
}

async function tryExample(example) {
  if (running) return;
  try {
    clearPictures();
    await addPicture(await getBlob(example.url), `${example.family}.png`);
    by("question").value = example.question;
    await ask(example);
  } catch (error) {
    showProblem(error.message);
  }
}

async function ask(example) {
  if (running) return;
  const question = by("question").value.trim();
  if (!question) {
    showProblem("Write a question first.");
    by("question").focus();
    return;
  }
  if (!by("ask").reportValidity()) return;
  if (example) expected = { question, answer: example.answer, source: chosen[0].source };
  const known = expected && expected.question === question && chosen.length === 1 && chosen[0].source === expected.source;
  showProblem("");
  running = new AbortController();
  setRunning(true);
  const view = showRun({ question, inputs: [...chosen], pictureOf: () => Promise.reject(new Error("not sent")) });
  const clock = setInterval(() => view.tick && view.tick(), 200);
  try {
    await watch(view, await bodyOf(question), known ? expected.answer : undefined);
  } catch (error) {
    const stopped = error.name === "AbortError";
    view.still(badge(stopped ? "stopped" : "failed", stopped ? "warn" : "bad"), stopped ? "You stopped it; the model was told." : visible(error.message));
    document.querySelectorAll(".writing").forEach((one) => one.classList.remove("writing"));
    say(stopped ? "Stopped." : `Failed: ${error.message}`);
    if (!stopped) showProblem(error.message);
  } finally {
    clearInterval(clock);
    running = null;
    setRunning(false);
  }
}

async function bodyOf(question) {
  const parts = await Promise.all(chosen.map(async (one) => ({ type: "image_url", image_url: { url: await dataUrl(one.blob) } })));
  const number = (name) => (by(name).value === "" ? undefined : Number(by(name).value));
  return {
    model: by("model").value, stream: true, messages: [{ role: "user", content: [...parts, { type: "text", text: question }] }],
    max_completion_tokens: number("tokens"), temperature: number("temperature"),
    codedance: { max_turns: number("turns"), max_seconds: number("seconds"), pictures: true },
  };
}

async function watch(view, body, answer) {
  const start = performance.now();
  let doing = "waiting for a seat";
  let ended = null;
  view.tick = () => view.busy(`${doing} · ${((performance.now() - start) / 1000).toFixed(0)} s`);
  view.tick();
  for await (const event of steps(body, running.signal)) {
    if (event.type === "turn_started") {
      doing = `turn ${event.turn}: thinking`;
      view.open(event.turn);
    } else if (event.type === "text") {
      view.write(event.text);
    } else if (event.type === "code_started") {
      doing = doing.replace("thinking", "running its code");
      view.started(event);
    } else if (event.type === "turn_ended") {
      view.turn(event);
      say(`Turn ${event.turn} is done.`);
    } else if (event.type === "episode_ended") {
      ended = event;
    } else if (event.type === "trace") {
      view.tick = null;
      view.finish(ended, event.trace, { model: body.model, actions, expected: answer });
      remember({ trace: event.trace, question: view.question, answer: ended.answer, model: body.model });
      say(ended.answer === null ? ended.message : `Answer: ${ended.answer}`);
    }
  }
}

function actions(trace) {
  const base = `/v1/traces/${trace}`;
  const button = (text, does) => make("button", { type: "button", on: { click: () => does().catch((error) => showProblem(error.message)) } }, text);
  return [
    make("button", { type: "button", on: { click: () => ask() } }, "Ask again"),
    token() ? null : make("a", { class: "button", href: `${base}/page`, target: "_blank", rel: "noopener" }, "Open the trace"),
    button("Download HTML", () => download(`${base}/page`, `trace-${trace}.html`)),
    button("Download JSON", () => download(base, `trace-${trace}.json`)),
  ].filter(Boolean);
}

function showRun(what) {
  by("welcome").hidden = true;
  by("run").hidden = false;
  const view = new RunView(by("run"), what);
  view.question = what.question;
  if (matchMedia("(max-width: 54rem)").matches) by("stage").scrollIntoView();
  return view;
}

// A question of this session with everything that belongs to it, ready to be changed and asked again.
async function recall(entry) {
  if (running) return;
  showProblem("");
  const base = `/v1/traces/${entry.trace}`;
  const kept = new Map();
  const pictureOf = (sha256) => {
    if (!kept.has(sha256)) kept.set(sha256, getBlob(`${base}/pictures/${sha256}`).then((blob) => URL.createObjectURL(blob)));
    return kept.get(sha256);
  };
  try {
    const told = await getJson(`${base}/events`);
    clearPictures();
    for (const [index, image] of told.images.entries()) await addPicture(await getBlob(`${base}/pictures/${image.sha256}`), `picture ${index + 1}`);
    by("question").value = told.question;
    if (models.some((one) => one.name === entry.model)) by("model").value = entry.model;
    showNote();
    const view = showRun({ question: told.question, inputs: [...chosen], pictureOf });
    for (const event of told.events) {
      if (event.type === "turn_ended") view.turn(event);
      else view.finish(event, entry.trace, { model: entry.model, actions });
    }
    drawPast(entry.trace);
    by("run").querySelector("h1").focus();
  } catch (error) {
    showProblem(error.status === 404 ? "That trace is no longer kept by the server." : error.message);
  }
}

function stop() {
  if (running) running.abort();
}

function startOver() {
  stop();
  clearPictures();
  showProblem("");
  by("question").value = "";
  by("run").hidden = true;
  by("welcome").hidden = false;
  drawPast();
  scrollTo({ top: 0 });
  by("choose").focus();
}

function setRunning(is) {
  by("go").hidden = is;
  by("stop").hidden = !is;
  by("run").setAttribute("aria-busy", String(is));
  const lost = document.activeElement === document.body || document.activeElement === by("stop");
  if (is) by("stop").focus({ preventScroll: true });
  else if (lost) (document.querySelector(".answer-card") || by("go")).focus({ preventScroll: true });
}

function wireKeys() {
  document.addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]")) return;
    const typing = event.target.closest("input, textarea, select");
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      ask();
    } else if (event.key === "Escape") {
      stop();
    } else if (!typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      if (event.key === "/") {
        event.preventDefault();
        by("question").focus();
      } else if (event.key === "n") {
        startOver();
      } else if (event.key === "j" || event.key === "k") {
        moveTurn(event.key === "j" ? 1 : -1);
      }
    }
  });
}

function moveTurn(step) {
  const all = [...document.querySelectorAll(".turn")];
  if (!all.length) return;
  const now = all.findIndex((one) => one.contains(document.activeElement));
  all[Math.min(all.length - 1, Math.max(0, now + step))].focus();
}

begin();
