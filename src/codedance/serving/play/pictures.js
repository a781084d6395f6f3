// The pictures that a question is about: chosen, dropped, pasted, or of an example.
const chosen = [];
let limits = { images: 16, image_bytes: 16 << 20, image_pixels: 25e6 };

function drawChosen() {
  by("drop").classList.toggle("full", chosen.length > 0);
  document.querySelector(".choose-title").textContent = chosen.length ? "Add another picture" : "Choose a picture";
  by("pictures").replaceChildren(...chosen.map((one, index) => make("li", {},
    zoomable(one.source, visible(one.name), one),
    one.width ? make("span", { class: "size" }, `${one.width}×${one.height}${one.note}`) : null,
    make("button", { type: "button", class: "remove", "aria-label": `Remove ${visible(one.name)}`, title: "Remove", on: { click: () => {
      chosen.splice(index, 1);
      drawChosen();
      by("choose").focus();
    } } }, "✕"))));
}

function clearPictures() {
  chosen.length = 0;
  drawChosen();
}

async function addPicture(blob, name) {
  if (chosen.length >= limits.images) throw new Error(`At most ${plural(limits.images, "picture")} here.`);
  const size = await measured(blob);
  let note = "";
  if (size && (size.width * size.height > limits.image_pixels || blob.size > limits.image_bytes)) {
    blob = await smaller(size.bitmap, limits);
    const scaled = await measured(blob);
    note = " · made smaller";
    Object.assign(size, { width: scaled.width, height: scaled.height });
  }
  if (!size || blob.size > limits.image_bytes) throw new Error(`${visible(name)} is not a picture that this browser can read, or it is too large.`);
  chosen.push({ blob, name, note, width: size.width, height: size.height, source: URL.createObjectURL(blob) });
  drawChosen();
}

async function measured(blob) {
  try {
    const bitmap = await createImageBitmap(blob);
    return { bitmap, width: bitmap.width, height: bitmap.height };
  } catch {
    return null;
  }
}

async function smaller(bitmap, most) {
  const scale = Math.min(1, Math.sqrt((most.image_pixels * 0.98) / (bitmap.width * bitmap.height)));
  const canvas = new OffscreenCanvas(Math.max(1, Math.floor(bitmap.width * scale)), Math.max(1, Math.floor(bitmap.height * scale)));
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.92 });
}

async function addFiles(files) {
  showProblem("");
  for (const file of files) {
    try {
      await addPicture(file, file.name || "pasted picture");
    } catch (error) {
      showProblem(error.message);
    }
  }
  if (chosen.length) by("question").focus();
}

const dataUrl = (blob) => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.onload = () => resolve(reader.result);
  reader.onerror = () => reject(new Error("The picture cannot be read any more; choose it again."));
  reader.readAsDataURL(blob);
});

function wirePictures() {
  const drop = by("drop");
  by("choose").addEventListener("click", () => by("files").click());
  by("files").addEventListener("change", async () => {
    await addFiles([...by("files").files]);
    by("files").value = "";
  });
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) drop.classList.remove("over"); });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    addFiles([...event.dataTransfer.files]);
  });
  document.addEventListener("paste", (event) => {
    const files = [...event.clipboardData.files].filter((file) => file.type.startsWith("image/"));
    if (!files.length) return;
    event.preventDefault();
    addFiles(files);
  });
}
