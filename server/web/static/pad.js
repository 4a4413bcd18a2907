// The camera pad: drag turns the camera, the wheel zooms, the ring rolls; the picture moves as the clip will.
// Geometry as in generator/lens.py: a pinhole camera before a plane at distance 1.
import { replan } from "./composer.js";

const AXES = { pan: ["pan_left", "pan_right"], tilt: ["tilt_down", "tilt_up"], roll: ["roll_ccw", "roll_cw"], zoom: ["zoom_out", "zoom_in"], truck: ["truck_left", "truck_right"], pedestal: ["pedestal_down", "pedestal_up"], dolly: ["dolly_out", "dolly_in"] };
const REST = { pan: 0, tilt: 0, roll: 0, zoom: 1, truck: 0, pedestal: 0, dolly: 0 };
const EASE = { linear: (p) => p, ease_in: (p) => p * p, ease_out: (p) => p * (2 - p), ease_in_out: (p) => p * p * (3 - 2 * p) };
const rad = (deg) => (deg * Math.PI) / 180;
const times = (a, b) => a.map((row) => b[0].map((_, j) => row.reduce((sum, v, k) => sum + v * b[k][j], 0)));
const on = (m, v) => m.map((row) => row.reduce((sum, x, k) => sum + x * v[k], 0));
const transposed = (m) => m[0].map((_, j) => m.map((row) => row[j]));

// a pixel of the frame at `pose` (fractions of width and height) -> the pixel of the picture at rest
export const seen = (pose, hfov, ratio) => {
  const focal = 0.5 / Math.tan(rad(hfov) / 2);
  const [p, t, r] = [rad(pose.pan), rad(pose.tilt), rad(pose.roll)];
  const z = [[Math.cos(r), Math.sin(r), 0], [-Math.sin(r), Math.cos(r), 0], [0, 0, 1]];
  const x = [[1, 0, 0], [0, Math.cos(t), Math.sin(t)], [0, -Math.sin(t), Math.cos(t)]];
  const y = [[Math.cos(p), 0, Math.sin(p)], [0, 1, 0], [-Math.sin(p), 0, Math.cos(p)]];
  const turn = times(times(y, x), z);
  return ([u, v]) => {
    const ray = on(turn, [(u - 0.5) / (focal * pose.zoom), -(v - 0.5) / ratio / (focal * pose.zoom), 1]);
    if (ray[2] < 0.02) return null;
    const far = (1 - pose.dolly) / ray[2];
    const at = [pose.truck + ray[0] * far, pose.pedestal + ray[1] * far];
    return [0.5 + focal * at[0], 0.5 - focal * at[1] * ratio];
  };
};

// the matrix3d that shows, in a box, what the frame at `pose` sees of the picture
export const shown = (pose, hfov, width, height) => {
  const f = width / 2 / Math.tan(rad(hfov) / 2);
  const [p, t, r] = [rad(pose.pan), rad(pose.tilt), rad(pose.roll)];
  const z = [[Math.cos(r), Math.sin(r), 0], [-Math.sin(r), Math.cos(r), 0], [0, 0, 1]];
  const x = [[1, 0, 0], [0, Math.cos(t), Math.sin(t)], [0, -Math.sin(t), Math.cos(t)]];
  const y = [[Math.cos(p), 0, Math.sin(p)], [0, 1, 0], [-Math.sin(p), 0, Math.cos(p)]];
  const back = transposed(times(times(y, x), z));
  const far = [[1, 0, -pose.truck], [0, 1, -pose.pedestal], [0, 0, 1 - pose.dolly]];
  const lens = [[f * pose.zoom, 0, width / 2], [0, -f * pose.zoom, height / 2], [0, 0, 1]];
  const plane = [[1 / f, 0, -width / 2 / f], [0, -1 / f, height / 2 / f], [0, 0, 1]];
  const h = times(lens, times(back, times(far, plane)));
  const [a, b, c] = h;
  return `matrix3d(${[a[0], b[0], 0, c[0], a[1], b[1], 0, c[1], 0, 0, 1, 0, a[2], b[2], 0, c[2]].join(",")})`;
};

const between = (pose, share) => {
  const now = {};
  for (const axis of Object.keys(REST)) now[axis] = axis === "zoom" ? pose.zoom ** share : pose[axis] * share;
  return now;
};

class Pad {
  constructor(root) {
    this.root = root;
    this.find = (name) => root.querySelector(`[data-${name}]`);
    this.surface = this.find("surface");
    this.hfov = Number(root.closest("form").dataset.hfov) || 50;
    this.names = JSON.parse(root.dataset.names);
    this.pose = { ...REST };
    this.way = []; // of a camera in words, as the plan tells it
    this.inputs = Object.fromEntries([...root.querySelectorAll("[data-axis]")].map((i) => [i.dataset.axis, i]));
    this.shape();
    this.read();
    this.bind();
  }

  read() {
    let moves = [];
    try { moves = JSON.parse(this.find("camera").value || "[]"); } catch { return; }
    for (const { move, amount, easing } of moves) {
      const axis = Object.keys(AXES).find((name) => AXES[name].includes(move));
      if (!axis || !amount) continue;
      const rises = AXES[axis][1] === move;
      this.pose[axis] = axis === "zoom" ? (rises ? amount : 1 / amount) : rises ? amount : -amount;
      this.find("easing").value = easing || "linear";
    }
    this.set({ ...this.pose });
  }

  bind() {
    const { surface } = this;
    let from = null;
    surface.addEventListener("pointerdown", (event) => {
      if (event.target.closest("[data-ring]")) return;
      from = { x: event.clientX, y: event.clientY, ...this.pose };
      surface.setPointerCapture(event.pointerId);
    });
    surface.addEventListener("pointermove", (event) => {
      if (!from) return;
      const scale = this.hfov / surface.clientWidth;
      this.set({ pan: Math.round(from.pan + (event.clientX - from.x) * scale), tilt: Math.round(from.tilt - (event.clientY - from.y) * scale) });
    });
    for (const name of ["pointerup", "pointercancel"]) surface.addEventListener(name, () => { if (from) { from = null; this.tell(); } });
    surface.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.set({ zoom: this.pose.zoom * (event.deltaY < 0 ? 1.05 : 1 / 1.05) });
      this.tell();
    }, { passive: false });
    this.ring();
    const keys = { ArrowLeft: ["pan", -1], ArrowRight: ["pan", 1], ArrowUp: ["tilt", 1], ArrowDown: ["tilt", -1], "[": ["roll", -1], "]": ["roll", 1] };
    surface.addEventListener("keydown", (event) => {
      if (event.key in keys) {
        const [axis, by] = keys[event.key];
        this.set({ [axis]: this.pose[axis] + by * (event.shiftKey ? 10 : 1) });
      } else if (event.key === "+" || event.key === "=") this.set({ zoom: this.pose.zoom * 1.05 });
      else if (event.key === "-") this.set({ zoom: this.pose.zoom / 1.05 });
      else return;
      event.preventDefault();
      this.tell();
    });
    for (const [axis, input] of Object.entries(this.inputs)) {
      input.addEventListener("input", () => { if (input.value !== "" && input.validity.valid) { this.way = []; this.pose[axis] = Number(input.value); this.draw(); this.tell(); } });
    }
    this.find("easing").addEventListener("change", () => this.tell());
    this.find("still").addEventListener("click", () => { this.set({ ...REST }); this.find("camera-words").value = ""; this.tell(); });
    this.find("try").addEventListener("click", () => this.play());
    this.find("camera-words").addEventListener("input", () => { this.set({ ...REST }); this.find("camera").value = ""; });
    this.root.closest("form").addEventListener("change", (event) => { if (event.target.name === "aspect_ratio") this.shape(); });
  }

  ring() {
    const ring = this.find("ring");
    let turning = null;
    const angle = (event) => {
      const box = ring.getBoundingClientRect();
      return (Math.atan2(event.clientY - box.top - box.height / 2, event.clientX - box.left - box.width / 2) * 180) / Math.PI;
    };
    ring.addEventListener("pointerdown", (event) => { turning = { at: angle(event), roll: this.pose.roll }; ring.setPointerCapture(event.pointerId); event.preventDefault(); });
    ring.addEventListener("pointermove", (event) => {
      if (!turning) return;
      const by = ((angle(event) - turning.at + 540) % 360) - 180;
      this.set({ roll: Math.round(turning.roll + by) });
    });
    for (const name of ["pointerup", "pointercancel"]) ring.addEventListener(name, () => { if (turning) { turning = null; this.tell(); } });
  }

  set(change) {
    this.way = [];
    for (const [axis, value] of Object.entries(change)) {
      const { min, max } = this.inputs[axis];
      this.pose[axis] = Math.min(Number(max), Math.max(Number(min), value));
      this.inputs[axis].value = axis === "zoom" ? Number(this.pose.zoom.toFixed(2)) : Number(this.pose[axis].toFixed(2));
    }
    this.draw();
  }

  follow(way) {
    this.way = this.find("camera-words").value ? way : [];
    this.draw();
  }

  // the pose when so much of the time has gone
  at(share) {
    if (!this.way.length) return between(this.pose, EASE[this.find("easing").value](share));
    const place = share * (this.way.length - 1);
    const [from, to] = [this.way[Math.floor(place)], this.way[Math.ceil(place)]];
    return Object.fromEntries(Object.keys(REST).map((axis) => [axis, from[axis] + (to[axis] - from[axis]) * (place % 1)]));
  }

  moves() {
    const easing = this.find("easing").value;
    const found = [];
    for (const [axis, [fall, rise]] of Object.entries(AXES)) {
      const value = this.pose[axis];
      const off = axis === "zoom" ? Math.abs(Math.log(value)) > 0.005 : Math.abs(value) > 1e-6;
      if (!off) continue;
      const up = axis === "zoom" ? value > 1 : value > 0;
      const amount = axis === "zoom" ? Math.max(value, 1 / value) : Math.abs(value);
      found.push({ move: up ? rise : fall, amount: Number(amount.toFixed(3)), easing });
    }
    return found;
  }

  tell() {
    const moves = this.moves();
    this.find("camera").value = moves.length ? JSON.stringify(moves) : "";
    if (moves.length) this.find("camera-words").value = "";
    replan();
  }

  shape() {
    const chosen = this.root.closest("form").querySelector("input[name=aspect_ratio]:checked");
    const [w, h] = (chosen?.value ?? "16:9").split(":").map(Number);
    this.ratio = w / h;
    this.surface.style.aspectRatio = `${w} / ${h}`;
    this.surface.style.maxHeight = "300px";
    this.draw();
  }

  draw() {
    const at = (pose, corner) => seen(pose, this.hfov, this.ratio)(corner);
    const plot = (points) => points.filter(Boolean).map(([x, y]) => `${(x * 320).toFixed(1)},${(y * 180).toFixed(1)}`).join(" ");
    const moves = this.moves();
    const goes = moves.length || this.way.length;
    const corners = [[0, 0], [1, 0], [1, 1], [0, 1]].map((corner) => at(this.at(1), corner));
    this.find("end").setAttribute("points", goes && corners.every(Boolean) ? plot(corners) : "");
    const track = Array.from({ length: 33 }, (_, n) => at(this.at(n / 32), [0.5, 0.5]));
    this.find("track").setAttribute("points", goes ? plot(track) : "");
    this.find("needle").setAttribute("transform", `rotate(${this.pose.roll} 22 22)`);
    this.find("read").textContent = moves.map((m) => `${this.names[m.move]} ${m.amount}`).join("  ");
  }

  play() {
    const picture = this.find("picture");
    const [width, height] = [this.surface.clientWidth, this.surface.clientHeight];
    const began = performance.now();
    this.surface.classList.add("moving");
    const step = (now) => {
      const share = Math.min(1, Math.max(0, now - began) / 2000); // a frame may have begun before the click
      picture.style.transform = shown(this.at(share), this.hfov, width, height);
      if (share < 1) return requestAnimationFrame(step);
      setTimeout(() => { picture.style.transform = ""; this.surface.classList.remove("moving"); }, 600);
    };
    requestAnimationFrame(step);
  }
}

// the picture that the clip begins with lies under the path
const lay = (address) => {
  const start = document.querySelector("[data-start]");
  start.hidden = !address;
  if (address) start.src = address;
};

const begin = () => {
  for (const root of document.querySelectorAll("[data-pad]:not([data-ready])")) {
    root.dataset.ready = "";
    root.pad = new Pad(root);
    const slot = root.querySelector('[data-slot="image"].filled [data-shown]');
    if (slot) lay(slot.src);
  }
};
begin();
document.body.addEventListener("htmx:afterSwap", (event) => {
  const told = event.detail.target.id === "plan" && event.detail.target.querySelector("[data-way]");
  if (told) document.querySelector("[data-pad]").pad.follow(JSON.parse(told.dataset.way));
});
document.addEventListener("slot", (event) => { if (event.detail.name === "image") lay(event.detail.address); });
document.body.addEventListener("htmx:load", begin);
