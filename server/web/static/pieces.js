// Small things of several pages: hover previews, copying, toasts with undo.
import { frameOf, upload } from "./composer.js";
import { say, taken, translated } from "./words.js";

document.addEventListener("click", async (event) => {
  const copy = event.target.closest("[data-copy]");
  if (!copy) return;
  const told = document.getElementById(copy.dataset.copy);
  // without https a page has no clipboard beyond loopback; what is selected can be copied all the same
  if (navigator.clipboard) await navigator.clipboard.writeText(told.textContent);
  else {
    getSelection().selectAllChildren(told);
    document.execCommand("copy");
  }
  say(translated("copied"));
});

// A poster plays while the pointer or the focus rests on it.
let waiting = 0;
const preview = (link) => {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    if (link.querySelector("video")) return;
    const video = document.createElement("video");
    Object.assign(video, { src: link.dataset.hover, muted: true, loop: true, playsInline: true });
    video.setAttribute("aria-hidden", "true");
    video.addEventListener("canplay", () => { link.classList.add("plays"); video.play().catch(() => {}); });
    link.append(video);
  }, 120);
};
const rest = (link) => {
  clearTimeout(waiting);
  link.classList.remove("plays");
  link.querySelector("video")?.remove();
};
for (const [begin, end] of [["pointerover", "pointerout"], ["focusin", "focusout"]]) {
  document.addEventListener(begin, (event) => { const link = event.target.closest?.("[data-hover]"); if (link) preview(link); });
  document.addEventListener(end, (event) => {
    const link = event.target.closest?.("[data-hover]");
    if (link && !link.contains(event.relatedTarget)) rest(link);
  });
}

// Library: two that are ticked are compared; the last frame of a clip begins another.
const paired = () => {
  const button = document.querySelector("[data-compare]");
  if (button) button.disabled = document.querySelectorAll("[data-pair]:checked").length !== 2;
};
document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-pair]")) return;
  const ticked = [...document.querySelectorAll("[data-pair]:checked")];
  if (ticked.length > 2) ticked.find((box) => box !== event.target).checked = false;
  paired();
});
// what was ticked may be found no more, or deleted
document.body.addEventListener("htmx:afterSwap", paired);
document.addEventListener("click", async (event) => {
  if (event.target.closest("[data-compare]")) {
    const [a, b] = [...document.querySelectorAll("[data-pair]:checked")].map((box) => box.dataset.pair);
    location.href = `/compare?a=${a}&b=${b}`;
  }
  const last = event.target.closest("[data-last-frame]");
  if (last) {
    const video = document.createElement("video");
    video.muted = true;
    video.src = `/files/${last.dataset.lastFrame}.mp4`;
    await new Promise((done) => { video.addEventListener("loadeddata", done, { once: true }); });
    try {
      const made = await upload(await frameOf(video, true), "frame.png");
      location.href = `/?image=${made.upload_id}`;
    } catch { /* said already */ }
  }
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && event.target.closest?.("details.menu[open]");
  if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
});
// "again" from the library: where it went
document.body.addEventListener("htmx:afterRequest", (event) => {
  const path = event.detail.pathInfo?.requestPath ?? "";
  if (path.startsWith("/web/again/") && taken(event) && event.detail.elt.closest(".menu")) {
    const link = document.createElement("a");
    link.href = "/queue";
    link.className = "button";
    link.textContent = document.querySelector('a[href="/queue"] span').textContent;
    say(event.detail.elt.textContent, link);
    event.detail.elt.closest(".menu").open = false;
  }
});

// Queue: the list is asked for again when jobs come, go or change places.
let places = null;
document.addEventListener("jobs", (event) => {
  const list = document.querySelector("[data-live-jobs]");
  if (list) {
    const jobs = [...event.detail.alive].sort((a, b) => a[1].place - b[1].place);
    const now = jobs.map(([id, job]) => id + job.state + job.priority).join();
    // what came or went while the page was on its way, or the connection gone
    const listed = [...list.querySelectorAll("[data-row]")].map((row) => row.dataset.job).sort().join();
    const missed = event.detail.whole && listed !== jobs.map(([id]) => id).sort().join();
    if (missed || (places !== null && now !== places)) htmx.trigger(list, "refresh");
    places = now;
  }
  const workers = document.querySelector("[data-live-workers]");
  if (workers && Object.keys(event.detail.workers).length) htmx.trigger(workers, "refresh");
});

// Film: scripts by file or drop; the quality of the button; the timeline; a cut that has changed.
const script = async (file) => {
  const area = document.getElementById("script");
  if (!file || !area) return;
  area.value = await file.text();
  area.form.requestSubmit();
};
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-script-file]")) script(event.target.files[0]);
  if (event.target.matches("[data-film-quality]")) document.querySelector("[data-film-make]").value = event.target.value;
});
document.addEventListener("dragover", (event) => { if (event.target.closest?.("[data-script-drop]")) event.preventDefault(); });
document.addEventListener("drop", (event) => {
  const file = event.target.closest?.("[data-script-drop]") && event.dataTransfer.files[0];
  if (file) { event.preventDefault(); script(file); }
});
document.addEventListener("click", (event) => {
  const idea = event.target.closest("[data-script-idea]");
  if (!idea) return;
  document.getElementById("script").value = idea.textContent;
  document.getElementById("script").form.requestSubmit();
});
// A change of the board is told a moment later, so that a click that ended it still lands; what that click sends says
// the change too, and would be broken off by it.
let telling = 0;
const tell = (form) => {
  clearTimeout(telling);
  telling = setTimeout(() => htmx.trigger(form, "board"), 150);
};
document.addEventListener("change", (event) => {
  if (event.target.closest("#board-form, #board-choices")) tell(document.getElementById("board-form"));
});
document.body.addEventListener("htmx:beforeRequest", (event) => { if (event.detail.elt.closest("#board-form")) clearTimeout(telling); });
// The board is answered anew while the next field is written already: what stands there is kept.
let typed = null;
document.body.addEventListener("htmx:beforeSwap", (event) => {
  const at = document.activeElement;
  const writing = event.detail.target.id === "board" && at?.matches("#board-form [id]:is(input, textarea)");
  typed = writing && at.value !== at.defaultValue ? { id: at.id, value: at.value } : null;
});
document.body.addEventListener("htmx:afterSwap", (event) => {
  const at = event.detail.target.id === "board" && typed && document.getElementById(typed.id);
  if (!at) return;
  if (at.value !== typed.value) {
    const [from, to] = at.type === "number" ? [] : [at.selectionStart, at.selectionEnd];
    at.value = typed.value;
    if (from !== undefined) at.setSelectionRange(from, to);
  }
  // set by a script, it is no change to the browser
  at.addEventListener("blur", () => tell(at.form), { once: true });
  typed = null;
});
// Until the film is made, a script that is written here and a board that was changed are nowhere else.
let unmade = false;
document.addEventListener("input", (event) => { unmade ||= event.target.matches("#script, #board-form *"); });
document.body.addEventListener("htmx:afterRequest", (event) => {
  // htmx calls a refusal successful too: it is shown
  if (!event.detail.successful || event.detail.xhr.status >= 400) return;
  // what was refused is mended
  if (/^\/web\/(board|make|edit)\b/.test(event.detail.pathInfo.requestPath)) document.getElementById("problem")?.replaceChildren();
  if (event.detail.pathInfo.requestPath === "/web/make") unmade = false;
  else unmade ||= event.detail.elt.matches("#board-form button");
});
window.addEventListener("beforeunload", (event) => { if (unmade) event.preventDefault(); });
// The cut is answered anew when one of its edits is done: what is written for another is kept.
let written = [];
document.body.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id !== "film") return;
  written = [...event.detail.target.querySelectorAll(".shot .trim :is(input:not([type=hidden]), textarea)")]
    .filter((field) => field.value !== field.defaultValue)
    .map((field) => ({ shot: field.closest(".shot").id, name: field.name, value: field.value, held: field === document.activeElement }));
});
document.body.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id !== "film") return;
  for (const { shot, name, value, held } of written.splice(0)) {
    const field = document.getElementById(shot)?.querySelector(`.trim [name=${name}]`);
    if (!field || field.value === value) continue;
    field.value = value;
    field.closest("details").open = true;
    if (held) field.focus();
  }
});
const reel = (within) => {
  const line = within.querySelector?.("[data-timeline]:not([data-ready])");
  if (!line) return;
  line.dataset.ready = "";
  for (const part of line.children) part.style.flexGrow = part.dataset.frames;
  line.closest("[data-player]").addEventListener("frame", (event) => {
    for (const part of line.children) {
      const from = Number(part.dataset.from);
      part.toggleAttribute("data-now", event.detail.frame >= from && event.detail.frame < from + Number(part.dataset.frames));
    }
  });
};
reel(document);
document.body.addEventListener("htmx:load", (event) => {
  reel(event.detail.elt.parentElement ?? event.detail.elt);
  const done = event.detail.elt.matches?.(".job[data-film-done]") && event.detail.elt;
  const film = document.getElementById("film");
  if (done && film?.dataset.film === done.dataset.filmDone) {
    // the cards of other edits stay, and tell when they are done
    htmx.ajax("GET", location.pathname, { target: "#film", select: "#film", swap: "outerHTML" }).then(() => done.remove());
  }
});
