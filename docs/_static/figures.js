// Live figures: each is loaded when it comes near, grows to what it holds, and follows the theme.
// A page that was opened from disk may load scripts, so a figure is a script that calls xwFigure.
"use strict";

const root = new URL("..", document.currentScript.src).href;
const waiting = new Map();

window.xwFigure = (name, page) => {
  for (const box of waiting.get(name) ?? []) show(box, page);
  waiting.delete(name);
};

function dark() {
  const chosen = document.body.dataset.theme;
  if (chosen === "dark" || chosen === "light") return chosen === "dark";
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

function follow(frame) {
  const inside = frame.contentDocument;
  if (!inside?.body) return;
  const theme = dark() ? "dark" : "light";
  inside.documentElement.style.colorScheme = theme;
  if (inside.body.className !== theme) inside.body.className = theme;
}

function show(box, page) {
  const frame = document.createElement("iframe");
  frame.title = box.querySelector(".xw-figure-waits")?.textContent ?? "A live figure";
  frame.srcdoc = page;
  frame.addEventListener("load", () => {
    const inside = frame.contentDocument;
    inside.body.style.margin = "0 auto";
    inside.body.style.padding = "4px";
    const fit = () => {
      const height = Math.ceil(inside.body.getBoundingClientRect().height) + 4;
      if (height > 40 && Math.abs(height - frame.clientHeight) > 1) frame.style.height = `${height}px`;
    };
    new ResizeObserver(fit).observe(inside.body);
    follow(frame);
    fit();
    box.dataset.loaded = "";
  });
  box.querySelector(".xw-figure-waits")?.remove();
  box.append(frame);
}

function load(box) {
  const name = box.dataset.figure;
  if (waiting.has(name)) {
    waiting.get(name).push(box);
    return;
  }
  waiting.set(name, [box]);
  const script = document.createElement("script");
  script.src = `${root}_figures/${name}.js`;
  document.head.append(script);
}

const near = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      load(target);
    }
  },
  { rootMargin: "400px" },
);

const all = () => [...document.querySelectorAll(".xw-figure iframe")];
new MutationObserver(() => all().forEach(follow)).observe(document.body, {
  attributes: true,
  attributeFilter: ["data-theme"],
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => all().forEach(follow));
for (const box of document.querySelectorAll(".xw-figure")) near.observe(box);

// What scrolls can be reached with the keyboard.
for (const box of document.querySelectorAll(".table-wrapper, div.highlight pre")) box.tabIndex = 0;
