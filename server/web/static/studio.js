// What every page needs: language and theme, problems of the network, and the modules of the parts.
import { live } from "./live.js";
import { say, translated } from "./words.js";
import "./composer.js";
import "./pad.js";
import "./player.js";
import "./pieces.js";

const remember = (name, value) => {
  document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax`;
};

document.addEventListener("click", (event) => {
  const language = event.target.closest("[data-language]");
  if (language) {
    remember("lang", language.dataset.language);
    location.reload();
  }
  if (event.target.closest("[data-theme-toggle]")) {
    const root = document.documentElement;
    const dark = root.dataset.theme === "dark" ||
      (root.dataset.theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
    root.dataset.theme = dark ? "light" : "dark";
    remember("theme", root.dataset.theme);
  }
});

// A refusal of the server's door is JSON: said, not put into the page.
document.body.addEventListener("htmx:beforeSwap", (event) => {
  const kind = event.detail.xhr.getResponseHeader("content-type") || "";
  if (!kind.includes("json")) return;
  event.detail.shouldSwap = false;
  if (event.detail.xhr.status === 401) location.href = `/login?next=${encodeURIComponent(location.pathname + location.search)}`;
  try {
    const { error } = JSON.parse(event.detail.xhr.responseText);
    if (error) say(`${error.message} ${error.fix}`);
  } catch { say(translated("failed")); }
});
for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.body.addEventListener(name, () => say(translated("failed")));
}
document.body.addEventListener("htmx:afterSwap", (event) => {
  // who writes goes on writing: the alert is read out
  if (event.detail.target.id === "problem" && !document.activeElement?.matches("input, textarea, select")) event.detail.target.querySelector(".problem")?.focus();
});

live();
