// Talking to the server, through the same API as every other client.
const TOKEN = "codedance-token";

class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const token = () => { try { return sessionStorage.getItem(TOKEN) || ""; } catch { return ""; } };
const keepToken = (value) => { try { sessionStorage.setItem(TOKEN, value); } catch { /* a browser without storage */ } };

// A token is asked for once; who closes the window gets the refusal.
let asking = null;
function askToken() {
  asking = asking || new Promise((resolve) => {
    const window_ = by("key");
    by("key-value").value = "";
    window_.showModal();
    window_.addEventListener("close", () => {
      asking = null;
      resolve(by("key-value").value.trim());
    }, { once: true });
  });
  return asking;
}

async function request(path, options = {}) {
  for (;;) {
    const headers = { ...options.headers };
    if (token()) headers.Authorization = `Bearer ${token()}`;
    let answer;
    try {
      answer = await fetch(path, { ...options, headers, credentials: "omit" });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Refused(0, "The server cannot be reached. Is it still running?");
    }
    if (answer.ok) return answer;
    if (answer.status === 401) {
      const given = await askToken();
      if (given) {
        keepToken(given);
        continue;
      }
    }
    throw new Refused(answer.status, await reasonOf(answer));
  }
}

async function reasonOf(answer) {
  try {
    const { error } = await answer.json();
    return error.message.charAt(0).toUpperCase() + error.message.slice(1);
  } catch {
    return `The server answered ${answer.status}.`;
  }
}

const getJson = async (path) => (await request(path)).json();
const getBlob = async (path) => (await request(path)).blob();

// The steps of an episode as they happen; errors in the stream are thrown.
async function* steps(body, signal) {
  const answer = await request("/v1/chat/completions", {
    method: "POST", signal, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Refused(0, "The connection broke before the end.");
    waiting += value;
    const messages = waiting.split("\n\n");
    waiting = messages.pop();
    for (const message of messages) {
      if (!message.startsWith("data: ")) continue;
      if (message === "data: [DONE]") return;
      const piece = JSON.parse(message.slice(6));
      if (piece.error) throw new Refused(0, piece.error.message);
      const delta = piece.choices[0] && piece.choices[0].delta;
      if (delta && delta.codedance) yield delta.codedance;
    }
  }
}

async function download(path, name) {
  const source = URL.createObjectURL(await getBlob(path));
  make("a", { href: source, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(source), 10000);
}
