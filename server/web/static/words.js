// The page's few words for scripts, and what is said for a moment.
export const translated = (name) => document.getElementById("words").dataset[name] || "";

// lasting: who says it takes it away
export const say = (text, action, lasting) => {
  const toast = document.createElement("div");
  toast.className = "toast";
  const words = document.createElement("p");
  words.textContent = text;
  toast.append(words);
  if (action) toast.append(action);
  document.getElementById("toasts").append(toast);
  if (!lasting) setTimeout(() => toast.remove(), action ? 12000 : 6000);
  return toast;
};

export const csrf = () => document.querySelector('meta[name="csrf-token"]').content;

// refusals are put into the page too, so to htmx they are successes
export const taken = (event) => event.detail.xhr.status >= 200 && event.detail.xhr.status < 400;
