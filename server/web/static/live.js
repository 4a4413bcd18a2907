// Jobs as they go on.  One stream a visible page; a hidden one listens to nothing, because browsers give a
// host six connections in all.
let stream = null;
let retry = 500;
const language = document.documentElement.lang.startsWith("zh") ? "zh" : "en";

const left = (seconds) => {
  if (seconds === null || seconds === undefined) return "";
  const words = document.getElementById("words").dataset.left;
  return seconds < 100 ? `${seconds.toFixed(1)} s ${words}` : `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")} ${words}`;
};

const cards = (id) => document.querySelectorAll(`[data-job="${CSS.escape(id)}"]`);
const refresh = (card) => htmx.trigger(card, "refresh");
const open = (card) => ["queued", "running"].includes(card.dataset.state);

const show = (card, job) => {
  if (card.dataset.state !== job.state) return refresh(card);
  const phase = card.querySelector("[data-phase]");
  if (phase) phase.textContent = job.phase[language];
  const eta = card.querySelector("[data-eta]");
  if (eta) eta.textContent = left(job.eta_s);
  const bar = card.querySelector("[data-progress]");
  if (bar) bar.value = job.progress;
};

const alive = new Map();

const hear = (event) => {
  const told = JSON.parse(event.data);
  if (told.whole) {
    alive.clear();
    for (const card of document.querySelectorAll('[data-job][data-state="queued"], [data-job][data-state="running"]')) {
      if (!(card.dataset.job in told.jobs)) refresh(card);
    }
  }
  for (const [id, job] of Object.entries(told.jobs)) {
    alive.set(id, job);
    cards(id).forEach((card) => show(card, job));
  }
  for (const id of told.gone) {
    alive.delete(id);
    // one that shows the end already keeps it: a new one would begin its clip again
    [...cards(id)].filter(open).forEach(refresh);
  }
  const count = document.querySelector("[data-live-count]");
  if (count) {
    count.hidden = !alive.size;
    count.textContent = alive.size;
  }
  document.dispatchEvent(new CustomEvent("jobs", { detail: { ...told, alive } }));
};

// a job may end before it was ever told of, or while its card is on the way: then no event comes for it
const settle = (card) => setTimeout(() => { if (card.isConnected && open(card) && !alive.has(card.dataset.job)) refresh(card); }, 1500);

const lost = (is) => {
  const sign = document.querySelector("[data-connection]");
  if (sign) sign.textContent = is ? sign.dataset.lost : "";
};

const listen = () => {
  if (stream || document.hidden) return;
  stream = new EventSource("/web/events");
  stream.addEventListener("jobs", (event) => { retry = 500; lost(false); hear(event); });
  stream.addEventListener("error", () => {
    // by itself a browser gives up where a server that restarts refuses
    stream?.close();
    stream = null;
    lost(true);
    setTimeout(listen, retry);
    retry = Math.min(retry * 2, 8000);
  });
};

const rest = () => { stream?.close(); stream = null; };

export const live = () => {
  if (!document.querySelector("[data-connection]")) return;
  listen();
  document.body.addEventListener("htmx:load", (event) => { if (event.detail.elt.matches?.(".job[data-job]")) settle(event.detail.elt); });
  document.addEventListener("visibilitychange", () => (document.hidden ? rest() : listen()));
  addEventListener("pagehide", rest);
};
