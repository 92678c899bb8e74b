// Live figures: each is loaded when it comes near. What widget.embed() gives does the rest.
// A page that was opened from disk may load scripts, so a figure is a script that calls xwFigure.
"use strict";

const root = new URL("..", document.currentScript.src).href;
const waiting = new Map();

window.xwFigure = (name, page) => {
  for (const box of waiting.get(name) ?? []) show(box, page);
  waiting.delete(name);
};

function show(box, page) {
  const parts = document.createElement("template");
  parts.innerHTML = page;
  box.querySelector(".xw-figure-waits")?.remove();
  box.append(parts.content.querySelector("iframe"));
  const around = document.createElement("script"); // one that came as HTML would not run
  around.textContent = parts.content.querySelector("script").textContent;
  box.append(around);
  box.dataset.loaded = "";
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

for (const box of document.querySelectorAll(".xw-figure")) near.observe(box);

// What scrolls can be reached with the keyboard.
for (const box of document.querySelectorAll(".table-wrapper, div.highlight pre")) box.tabIndex = 0;
