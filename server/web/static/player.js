// A player with frame stepping, of one clip or of several in lockstep: the first leads, the others follow.
const FRAME_KEYS = { ArrowLeft: -1, ArrowRight: 1, ",": -1, ".": 1 };

class Player {
  constructor(root) {
    this.root = root;
    this.fps = Number(root.dataset.fps) || 8;
    this.videos = [...root.querySelectorAll("video")];
    this.lead = this.videos[0];
    this.controls = root.querySelector("[data-controls]");
    if (!this.lead || !this.controls) return;
    this.scrub = root.querySelector("[data-scrub]");
    this.time = root.querySelector("[data-time]");
    this.controls.hidden = false;
    this.others((v) => { v.loop = false; }); // a shorter one waits on its last frame until the first begins again
    this.bind();
    this.measure();
  }

  bind() {
    const { lead } = this;
    lead.addEventListener("loadedmetadata", () => this.measure());
    for (const name of ["play", "pause"]) lead.addEventListener(name, () => this.show());
    lead.addEventListener("seeked", () => { if (!lead.seeking) this.goal = null; this.show(); });
    const follow = () => {
      this.show();
      if (!lead.paused) requestAnimationFrame(follow);
    };
    lead.addEventListener("play", () => { this.others((v) => v.play()); follow(); });
    lead.addEventListener("pause", () => this.others((v) => v.pause()));
    this.root.querySelector("[data-play]").addEventListener("click", () => this.toggle());
    for (const button of this.root.querySelectorAll("[data-step]")) {
      button.addEventListener("click", () => this.step(Number(button.dataset.step)));
    }
    this.scrub.addEventListener("input", () => this.at(Number(this.scrub.value)));
    for (const video of this.videos) video.addEventListener("click", () => this.toggle());
    this.root.addEventListener("keydown", (event) => {
      if (event.target.matches("input, textarea, select")) return;
      if (event.key in FRAME_KEYS) { this.step(FRAME_KEYS[event.key]); event.preventDefault(); }
      if (event.key === " " && !event.target.matches("button, a")) { this.toggle(); event.preventDefault(); }
    });
    for (const button of this.root.querySelectorAll("[data-seek]")) {
      button.addEventListener("click", () => this.at(Number(button.dataset.seek)));
    }
  }

  others(act) { for (const video of this.videos.slice(1)) act(video); }

  measure() {
    if (!Number.isFinite(this.lead.duration)) return;
    this.last = Math.max(0, Math.round(this.lead.duration * this.fps) - 1);
    this.scrub.max = this.last;
    if (this.goal > this.last) this.at(this.last);
    this.show();
  }

  // where it is, or where it has been sent: steps may come faster than a player seeks
  get frame() { return this.goal ?? Math.min(this.last ?? 0, Math.floor(this.lead.currentTime * this.fps + 1e-3)); }

  // the middle of a frame: at its edge a player may show the one before; a clip whose length is not
  // known yet is sent there all the same
  at(frame) {
    this.lead.pause();
    this.goal = Math.max(0, Math.min(this.last ?? frame, frame));
    const time = (this.goal + 0.5) / this.fps;
    for (const video of this.videos) video.currentTime = Math.min(time, video.duration || time);
    this.show();
  }

  step(by) { this.at(this.frame + by); }

  toggle() { this.lead.paused ? this.lead.play() : this.lead.pause(); }

  show() {
    const half = 0.5 / this.fps;
    this.others((v) => {
      const time = Math.min(this.lead.currentTime, v.duration || Infinity);
      if (!v.seeking && Math.abs(v.currentTime - time) > half) v.currentTime = time;
      if (v.paused && !this.lead.paused && time < v.duration) v.play().catch(() => {});
    });
    this.scrub.value = this.frame;
    this.time.textContent = `${(this.goal == null ? this.lead.currentTime : this.goal / this.fps).toFixed(2)} s  ${this.frame}/${this.last ?? 0}`;
    this.controls.classList.toggle("playing", !this.lead.paused);
    this.root.dispatchEvent(new CustomEvent("frame", { detail: { frame: this.frame, last: this.last } }));
  }
}

const enhance = (within) => {
  for (const root of within.querySelectorAll?.("[data-player]:not([data-ready])") ?? []) {
    root.dataset.ready = "";
    root.player = new Player(root);
  }
};

enhance(document);
document.body.addEventListener("htmx:load", (event) => {
  enhance(event.detail.elt.parentElement ?? event.detail.elt);
});
