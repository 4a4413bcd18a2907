// The form of Create: the plan follows what is typed, pictures come by drop, paste or choice.
import { csrf, say, taken, translated } from "./words.js";

const form = () => document.getElementById("composer");
let planning = 0;

export const replan = (wait = 350) => {
  clearTimeout(planning);
  planning = setTimeout(() => {
    const { prompt, image } = form()?.elements ?? {};
    if (prompt?.value.trim() || image?.value) htmx.trigger(form(), "plan");
    else if (form()) { // nothing to plan yet, which is no mistake
      stale(true);
      mended();
    }
  }, wait);
};
// the plan that is shown is not of what stands in the form
const stale = (is) => form().classList.toggle("stale", is);
const mended = () => document.getElementById("problem").replaceChildren();
document.body.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.elt.id !== "composer") return;
  // a plan that came after a refusal would wipe it away
  clearTimeout(planning);
  htmx.trigger("#plan", "htmx:abort");
});

document.addEventListener("input", (event) => { if (event.target.matches("#composer [data-plan]")) replan(); });
document.addEventListener("change", (event) => { if (event.target.matches("#composer [data-plan]")) replan(50); });
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.closest("form")) {
    event.target.closest("form").requestSubmit();
  }
});
document.addEventListener("click", (event) => {
  const idea = event.target.closest("[data-idea]");
  if (idea) {
    const prompt = form().elements.prompt;
    prompt.value = idea.textContent;
    form().querySelector("button.primary").focus();
    replan(0);
  }
  const clear = event.target.closest("[data-clear]");
  if (clear) {
    const slot = clear.closest("[data-slot]");
    latest[slot.dataset.slot] = null;
    fill(slot, "", "");
  }
  const pick = event.target.closest("[data-pick]");
  if (pick) {
    pick.closest("dialog").close();
    take(pick);
  }
});
document.body.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.elt.id === "plan") {
    stale(!taken(event));
    if (taken(event)) mended();
  }
  if (event.detail.elt.id === "composer" && taken(event)) {
    mended();
    replan(0);
    document.getElementById("empty")?.remove();
    document.querySelector("#jobs .job")?.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }
});
document.body.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id === "shelf") document.getElementById("shelf").showModal();
});

// pictures

export const upload = (blob, name) => new Promise((done, failed) => {
  const request = new XMLHttpRequest();
  const toast = say(translated("uploading"), null, true);
  request.open("POST", `/api/uploads?name=${encodeURIComponent(name)}`);
  request.setRequestHeader("x-csrf-token", csrf());
  request.upload.addEventListener("progress", (event) => {
    if (event.lengthComputable) toast.firstChild.textContent = `${translated("uploading")} ${Math.round(100 * event.loaded / event.total)} %`;
  });
  request.addEventListener("loadend", () => {
    toast.remove();
    let answer = {};
    try { answer = JSON.parse(request.responseText); } catch { /* the server is gone */ }
    if (request.status === 201) return done(answer);
    say(answer.error ? `${answer.error.message} ${answer.error.fix}` : translated("failed"));
    failed(new Error(`upload ${request.status}`));
  });
  request.send(blob);
});

const fill = (slot, id, address) => {
  const input = slot.querySelector("input[type=hidden]");
  const shown = slot.querySelector("[data-shown]");
  input.value = id;
  shown.hidden = !id;
  if (id) shown.src = address;
  slot.classList.toggle("filled", Boolean(id));
  slot.querySelector("[data-clear]").hidden = !id;
  document.dispatchEvent(new CustomEvent("slot", { detail: { name: slot.dataset.slot, address: id ? address : "" } }));
  replan(0);
};

const latest = {}; // of each slot: the file on its way; what is chosen or removed meanwhile wins
const keep = async (slot, file) => {
  if (!slot || slot.classList.contains("off")) return;
  if (!file || !/^(image|video)\//.test(file.type)) return say(translated("kind"));
  const name = slot.dataset.slot;
  latest[name] = file;
  try {
    const made = await upload(file, file.name || "picture.png");
    // meanwhile another picture may have been given, or the form drawn anew for another model
    const place = document.querySelector(`[data-slot="${name}"]:not(.off)`);
    if (place && latest[name] === file) fill(place, made.upload_id, URL.createObjectURL(file));
  } catch { /* said already */ }
};

// the frame of a clip that is seen now, or its last one
export const frameOf = async (video, last) => {
  if (last) {
    video.pause();
    await new Promise((done) => { video.addEventListener("seeked", done, { once: true }); video.currentTime = Math.max(0, video.duration - 0.02); });
  }
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  canvas.getContext("2d").drawImage(video, 0, 0);
  return canvas.convertToBlob({ type: "image/png" });
};

const take = async (pick) => {
  latest[pick.dataset.name] = null;
  const slot = document.querySelector(`[data-slot="${pick.dataset.name}"]`);
  if (pick.dataset.picture) return fill(slot, pick.dataset.pick, `/files/${pick.dataset.pick}.picture`);
  const video = document.createElement("video");
  video.muted = true;
  video.src = `/files/${pick.dataset.pick}.mp4`;
  await new Promise((done) => { video.addEventListener("loadeddata", done, { once: true }); });
  keep(slot, new File([await frameOf(video, true)], "frame.png", { type: "image/png" }));
};

document.addEventListener("click", async (event) => {
  const grab = event.target.closest("[data-grab]");
  if (!grab) return;
  const video = grab.closest("[data-player]").querySelector("video");
  const file = new File([await frameOf(video, grab.dataset.grab === "last")], "frame.png", { type: "image/png" });
  const slot = document.querySelector(`[data-slot="${grab.dataset.name}"]`);
  if (slot) {
    await keep(slot, file);
    slot.scrollIntoView({ block: "center", behavior: "smooth" });
  } else {
    try {
      const made = await upload(file, "frame.png");
      location.href = `/?${grab.dataset.name}=${made.upload_id}`;
    } catch { /* said already */ }
  }
});
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-file]")) keep(event.target.closest("[data-slot]"), event.target.files[0]);
});
// a file that misses its place would be opened by the browser, and what was written be gone
for (const name of ["dragover", "drop"]) {
  document.addEventListener(name, (event) => { if (event.dataTransfer?.types.includes("Files")) event.preventDefault(); });
}
document.addEventListener("dragover", (event) => {
  const slot = event.target.closest?.("[data-slot], [data-surface]");
  if (slot) { event.preventDefault(); slot.classList.add("over"); }
});
document.addEventListener("dragleave", (event) => event.target.closest?.("[data-slot], [data-surface]")?.classList.remove("over"));
document.addEventListener("drop", (event) => {
  const place = event.target.closest?.("[data-slot], [data-surface]");
  if (!place) return;
  event.preventDefault();
  place.classList.remove("over");
  if (event.dataTransfer.files.length) keep(place.matches("[data-slot]") ? place : document.querySelector('[data-slot="image"]'), event.dataTransfer.files[0]);
});
document.addEventListener("paste", (event) => {
  const file = [...(event.clipboardData?.files ?? [])][0];
  if (!file || !form()) return;
  const { types } = event.clipboardData;
  if (types.includes("text/plain") && types.includes("text/html")) return; // words of an office, with their picture
  event.preventDefault();
  const slots = [...document.querySelectorAll("[data-slot]:not(.off)")];
  keep(slots.find((slot) => !slot.querySelector("input[type=hidden]").value) ?? slots[0], file);
});

const begin = () => {
  if (!form()) return;
  for (const slot of document.querySelectorAll("[data-slot]:not(.off)")) {
    const { value } = slot.querySelector("input[type=hidden]");
    if (value) fill(slot, value, `/files/${value}.picture`);
  }
  if (form().elements.prompt.value || form().elements.image?.value) replan(0);
};
begin();
document.body.addEventListener("htmx:load", (event) => { if (event.detail.elt.id === "composer") begin(); });
