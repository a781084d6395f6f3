// Colours for Python, by Pygments' class names, which the theme knows.
const PYTHON = new RegExp([
  "(?<c1>#[^\\n]*)",
  "(?<s>[rbfuRBFU]{0,2}(?:'''[\\s\\S]*?(?:'''|$)|\"\"\"[\\s\\S]*?(?:\"\"\"|$)|'(?:\\\\.|[^'\\\\\\n])*'?|\"(?:\\\\.|[^\"\\\\\\n])*\"?))",
  "(?<mi>\\b\\d[\\w.]*)",
  "(?<kc>\\b(?:True|False|None)\\b)",
  "(?<k>\\b(?:and|as|assert|async|await|break|class|continue|def|del|elif|else|except|finally|for|from|global|if|import|in|is|lambda|nonlocal|not|or|pass|raise|return|try|while|with|yield)\\b)",
  "(?<nb>\\b(?:abs|all|any|dict|enumerate|float|int|len|list|max|min|open|print|range|round|set|sorted|str|sum|tuple|zip)\\b)",
].join("|"), "g");
const LONGEST_COLOURED = 20000;

function coloured(code) {
  const text = visible(code);
  const pieces = document.createDocumentFragment();
  if (text.length > LONGEST_COLOURED) return make("span", {}, text);
  let end = 0;
  for (const match of text.matchAll(PYTHON)) {
    if (match.index > end) pieces.append(text.slice(end, match.index));
    const kind = Object.keys(match.groups).find((name) => match.groups[name] !== undefined);
    pieces.append(make("span", { class: kind }, match[0]));
    end = match.index + match[0].length;
  }
  pieces.append(text.slice(end));
  return pieces;
}

// What can be made out of a reply that is still being written.
function sketch(text) {
  const found = { thought: "", code: null };
  let rest = text.replace(/<\/?[a-z_]*$/, "");
  const think = rest.match(/^\s*<think>([\s\S]*?)(?:<\/think>|$)/);
  if (think) {
    found.thought = think[1].trim();
    rest = rest.slice(think[0].length);
  }
  const code = rest.match(/(?:<code>\s*)?```[a-z0-9]*\n([\s\S]*?)(?:\n```|$)/i);
  if (code) found.code = code[1].replace(/\n`{1,2}$/, "");
  else if (!think) found.thought = rest.replace(/<[a-z_]+>/g, "").trim();
  return found;
}
