"use strict";
// Making elements: text is always text, so that nothing a model, a program or a file name says becomes markup.
const by = (id) => document.getElementById(id);

const INVISIBLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]/;

// Control characters, bidirectional overrides and lone surrogates in a visible form.
function visible(text) {
  let shown = "";
  for (const one of String(text).replaceAll("\r\n", "\n")) {
    shown += one.length === 1 && INVISIBLE.test(one) ? "\\u" + one.charCodeAt(0).toString(16).padStart(4, "0") : one;
  }
  return shown;
}

function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "on") for (const [event, does] of Object.entries(value)) element.addEventListener(event, does);
    else if (name === "class") element.className = value;
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name.startsWith("aria-") || name === "role") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const badge = (text, kind = "") => make("span", { class: `badge ${kind}` }, text);

function say(text) {
  by("live").textContent = text;
}

function showProblem(text) {
  by("problem").textContent = visible(text);
  by("problem").hidden = !text;
}

function enlarge(source, what, small) {
  const image = by("large").querySelector("img");
  image.src = source;
  image.alt = what;
  image.className = small ? "small" : "";
  by("large-what").textContent = what;
  by("large").showModal();
}

// A picture that opens large when it is pressed.
function zoomable(source, what, size, doubled = false) {
  const image = make("img", { src: source, alt: what, loading: "lazy" });
  const small = size && Math.max(size.width, size.height) < 300;
  if (small && doubled) Object.assign(image, { width: size.width * 2, className: size.width < 100 ? "tiny" : "" });
  return make("button", { type: "button", class: "zoom", "aria-label": `Enlarge: ${what}`,
    on: { click: () => enlarge(source, what, small) } }, image);
}

const plural = (count, one) => `${count} ${one}${count === 1 ? "" : "s"}`;
