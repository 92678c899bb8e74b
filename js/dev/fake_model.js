// A stand-in for the kernel, to look at the viewer without one. From the repository root:
//   python -m http.server, then http://localhost:8000/js/dev/?state=slow&theme=dark&width=700
// state: ok | slow | error | zero | nonfinite | silent | frozen; picture: the address of an image; size: its pixels.
import viewer from "../../xai_widgets/static/heatmap/index.js";

const query = new URLSearchParams(location.search);
const state = query.get("state") ?? "ok";
const size = Number(query.get("size") ?? 224);
document.body.classList.toggle("dark", query.get("theme") === "dark");
const host = document.querySelector("#viewer");
if (query.has("width")) host.style.width = `${query.get("width")}px`;

const number = (name, label, standard, minimum, maximum, step, kind = "int", unit = "") => ({
  name,
  label,
  kind,
  default: standard,
  minimum,
  maximum,
  step,
  unit,
});
const card = (name, title, family, cost, space, signed, shows, limits, formula, more = {}) => ({
  name,
  title,
  family,
  cost,
  space,
  takes_layer: space === "layer",
  signed,
  shows,
  limits,
  formula,
  citation: "Author and others, 2017",
  url: "https://arxiv.org/abs/1610.02391",
  anytime: false,
  parameters: [],
  ...more,
});
const PASS = "1 forward, 1 backward";
const cards = [
  card(
    "grad_cam",
    "Grad-CAM",
    "CAM",
    PASS,
    "layer",
    false,
    "Where the last convolution looked, weighted by how much each channel raised this class.",
    "Coarse (7 × 7). Silent about texture.",
    "L = ReLU(Σₖ αₖ Aᵏ),  αₖ = mean over space of ∂y/∂Aᵏ",
  ),
  card(
    "hires_cam",
    "HiResCAM",
    "CAM",
    PASS,
    "layer",
    true,
    "Gradient times activation, place by place, summed over channels.",
    "Coarse.",
    "L = Σₖ ∂y/∂Aᵏ ⊙ Aᵏ",
  ),
  card(
    "saliency",
    "Saliency",
    "Gradient",
    PASS,
    "input",
    true,
    "How the score changes with each pixel.",
    "Noisy; says nothing about what is already saturated.",
    "∂y/∂x",
  ),
  card(
    "guided_backprop",
    "Guided backpropagation",
    "Gradient",
    PASS,
    "input",
    true,
    "What strengthens the score, keeping only positive signals on the way back.",
    "Partly redraws the picture whatever the class.",
    "Rˡ = 1[fˡ > 0] 1[Rˡ⁺¹ > 0] Rˡ⁺¹",
    { unavailable: "this network has no rectifier" },
  ),
  card(
    "occlusion",
    "Occlusion",
    "Perturbation",
    "about 700 forwards",
    "input",
    true,
    "How much the score falls when a window is covered.",
    "Depends on the window and on the colour that covers it.",
    "y(x) − y(x with the window covered)",
    {
      anytime: true,
      parameters: [
        number("window", "Window", 32, 8, 96, 1, "int", "px"),
        number("stride", "Stride", 8, 1, 32, 1, "int", "px"),
        {
          name: "baseline",
          label: "Covered by",
          kind: "choice",
          default: "mean",
          choices: ["mean", "black", "blur"],
        },
        number("seed", "Seed", 0, 0, null, 1),
        { name: "softmax", label: "Probabilities", kind: "bool", default: false },
      ],
    },
  ),
];
const classes = Array.from({ length: 1000 }, (_, i) => `class number ${i}`);
const names = {
  285: "Egyptian cat",
  282: "tiger cat",
  281: "tabby",
  287: "lynx",
  904: "<img src=x onerror=alert(1)>",
  283: "Persian cat",
  340: "zebra",
};
for (const [index, name] of Object.entries(names)) classes[index] = name;
const top = [
  [285, 0.429],
  [282, 0.279],
  [281, 0.177],
  [287, 0.036],
  [904, 0.0123],
].map(([index, probability]) => ({ index, name: classes[index], probability }));

/** Smooth bumps; a different arrangement for every method and class. */
function values(height, width, seed, signed) {
  const spots = Array.from({ length: 6 }, (_, i) => {
    const random = (k) => Math.abs(Math.sin(seed * 12.9 + i * 78.2 + k * 37.7) * 43758.5) % 1;
    const sign = signed && i % 2 ? -1 : 1;
    return [random(1), random(2), 0.04 + 0.12 * random(3), sign * (0.4 + random(4))];
  });
  return Float32Array.from({ length: height * width }, (_, i) => {
    const [y, x] = [(Math.floor(i / width) + 0.5) / height, ((i % width) + 0.5) / width];
    const grain = height > 50 ? 0.6 + 0.4 * Math.sin(i * 12.9898) * Math.sin(y * 300 + x * 211) : 1;
    const sum = spots.reduce((total, [cx, cy, r, a]) => {
      return total + a * Math.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * r * r));
    }, 0);
    return sum * grain;
  });
}

const words = {
  zero: "The map is zero everywhere: nothing in this picture moves the score of this class.",
  nonfinite: "The gradient is not finite here, so there is no map. Try another class or method.",
};
let seq = 0;
function frame(request, partial = false, fraction = 1) {
  const method = cards.find(({ name }) => name === request.method);
  const index = request.target ?? top[0].index;
  const layered = method.space === "layer";
  const [h, w] = layered ? [7, 7] : [size, size];
  const signed = method.signed;
  const v = values(h, w, index + cards.indexOf(method) * 7, signed);
  if (state === "zero") v.fill(0);
  if (!signed)
    v.forEach((value, i) => {
      v[i] = Math.max(value, 0);
    });
  const peak = v.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const data = new Uint8Array(16 + h * w);
  for (let i = 0; i < v.length; i++) {
    const share = Math.sign(v[i]) * Math.sqrt(Math.abs(v[i]) / (peak || 1));
    const s = i / v.length < fraction ? share : 0;
    data[16 + i] = signed ? Math.round(127 + 127 * s) : Math.round(255 * s);
  }
  const parameters = Object.fromEntries(method.parameters.map((p) => [p.name, p.default]));
  seq += 1;
  return {
    seq,
    method: method.name,
    target: {
      index,
      name: classes[index],
      probability: top.find((score) => score.index === index)?.probability ?? 0.0004,
      score: 8.12,
    },
    layer: layered ? (request.layer ?? "_conv_head") : null,
    parameters: { ...parameters, ...request.parameters },
    shape: [h, w],
    signed,
    range: [Math.min(...v.slice(0, 1e5)), Math.max(...v.slice(0, 1e5))],
    peak,
    gamma: 2,
    histogram: [],
    data: new DataView(data.buffer, 16, h * w),
    state: state === "zero" || state === "nonfinite" ? state : "ok",
    message: words[state] ?? "",
    partial,
    fraction,
    seconds: 0.038,
  };
}

async function photograph() {
  const canvas = new OffscreenCanvas(size, size);
  const context = canvas.getContext("2d");
  if (query.has("picture")) {
    const bitmap = await createImageBitmap(await (await fetch(query.get("picture"))).blob());
    const side = Math.min(bitmap.width, bitmap.height);
    const [x, y] = [(bitmap.width - side) / 2, (bitmap.height - side) / 2];
    context.drawImage(bitmap, x, y, side, side, 0, 0, size, size);
  } else {
    const sky = context.createLinearGradient(0, 0, size, size);
    sky.addColorStop(0, "#8fa6b5");
    sky.addColorStop(1, "#4a3b2a");
    context.fillStyle = sky;
    context.fillRect(0, 0, size, size);
  }
  const blob = await canvas.convertToBlob({ type: "image/png" });
  const data = new DataView(await blob.arrayBuffer());
  return { width: size, height: size, mime: "image/png", data, name: "chelsea.png" };
}

const listeners = new Map();
const traits = {
  picture: await photograph(),
  network: { name: "EfficientNet-Lite0", input: [size, size] },
  cards,
  class_names: classes,
  layers: [
    { name: "_conv_head", size: [7, 7], channels: 1280 },
    { name: "_blocks.15", size: [7, 7], channels: 320 },
    { name: "_blocks.10", size: [14, 14], channels: 112 },
  ],
  prediction: { top },
  method: query.get("method") ?? "grad_cam",
  target: null,
  layer: null,
  parameters: {},
  colormap: "auto",
  opacity: 0.7,
  clip: 99.5,
  threshold: 0,
  sign: "both",
  blend: "normal",
  arrangement: query.get("arrangement") ?? "overlay",
  status: { seq: 0, state: "idle", message: "", hint: "", fraction: null },
  frozen: state === "frozen",
  frames: [],
};
const log = [];
const model = {
  log,
  get: (name) => traits[name],
  set(name, value) {
    if (JSON.stringify(traits[name]) === JSON.stringify(value) && typeof value !== "object") return;
    traits[name] = value;
    for (const listener of listeners.get(`change:${name}`) ?? []) listener();
  },
  on: (name, listener) => listeners.set(name, [...(listeners.get(name) ?? []), listener]),
  off: (name, listener) =>
    listeners.set(
      name,
      (listeners.get(name) ?? []).filter((own) => own !== listener),
    ),
  send(content) {
    log.push(content);
    if (content.kind === "resume") answer();
    if (content.kind !== "stop") return;
    clearTimeout(timer);
    model.set("status", { ...traits.status, state: "stopped" });
  },
  save_changes() {
    log.push("save_changes");
    answer();
  },
};

let timer;
function answer(fraction = 0) {
  clearTimeout(timer);
  const running = {
    seq,
    state: "running",
    message: "",
    hint: "",
    fraction,
    seconds: 1,
    remaining: 6,
  };
  if (state === "silent") return;
  if (state === "error" && seq > 0) {
    const message = "RISE needs 3.2 GB for 4,000 masks, and 1.1 GB is free.";
    model.set("status", { ...running, state: "error", message, hint: "Lower samples to 1,000." });
    return;
  }
  if (state === "slow" && fraction < 0.38) {
    timer = setTimeout(() => {
      model.set("frame", frame(traits, true, fraction + 0.1));
      model.set("status", { ...running, fraction: fraction + 0.06 });
      answer(fraction + 0.06);
    }, 250);
    return;
  }
  if (state === "slow") return;
  timer = setTimeout(() => {
    model.set("frame", frame(traits));
    model.set("status", { ...running, state: "idle", fraction: null });
  }, 30);
}

if (state === "frozen") {
  traits.frames = ["grad_cam", "saliency"].flatMap((method) =>
    [285, 282].map((target) => frame({ method, target, parameters: {} })),
  );
  traits.frame = traits.frames[0];
} else if (state !== "silent") {
  traits.frame = frame(traits);
}
window.model = model;
const view = new AbortController();
window.view = view;
viewer.render({ model, el: host, signal: view.signal });
if (state === "slow") model.save_changes();
