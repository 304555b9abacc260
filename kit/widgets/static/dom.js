// Everything on the page is made here, by createElement and textContent: no text is ever read as markup.

const SVG = "http://www.w3.org/2000/svg";

const ICONS = {
  chevron: ["M5 9l7 7 7-7"],
  external: ["M14 4h6v6", "M20 4l-9 9", "M18 14v5H5V6h5"],
  close: ["M5 5l14 14", "M19 5L5 19"],
  check: ["M5 13l5 5L20 7"],
  store: ["M4 10v10h16V10", "M3 10l2-6h14l2 6z", "M10 20v-5h4v5"],
  eye: ["M2 12s4-7 10-7 10 7 10 7-4 7-10 7-10-7-10-7z", "M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z"],
  reply: ["M4 20v-6a4 4 0 0 1 4-4h12"],
  image: ["M4 5h16v14H4z", "M4 16l5-5 4 4 3-3 4 4", "M15 8.5a.5.5 0 1 0 .01 0"],
  person: ["M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8z", "M4 20c0-4 4-6 8-6s8 2 8 6"],
  shield: ["M12 3l7 3v5c0 5-3 8-7 10-4-2-7-5-7-10V6z"],
  hash: ["M10 4L8 20", "M16 4l-2 16", "M4 9h16", "M4 15h16"],
  voice: ["M4 10v4h4l5 4V6L8 10z", "M16 9c2 2 2 4 0 6"],
  warning: ["M12 4L2 20h20z", "M12 10v4", "M12 17v.5"],
  copy: ["M9 9h11v11H9z", "M5 15H4V4h11v1"],
  restart: ["M19 12a7 7 0 1 1-2-5", "M19 3v5h-5"],
  bolt: ["M13 3L5 14h6l-1 7 9-11h-7z"],
};

export function el(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") node.textContent = value;
    else if (name === "on") listen(node, value);
    else if (name === "key" || name === "sealed") node[name] = value;
    else if (name === "data") Object.assign(node.dataset, value);
    else if (name === "style") for (const [key, item] of Object.entries(value)) node.style.setProperty(key, item);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

// Listeners are looked up when they are called, so that `morph` can exchange them.
function listen(node, listeners) {
  node.listeners = listeners;
  node.hears = Object.keys(listeners).join(" ");
  for (const type of Object.keys(listeners)) node.addEventListener(type, (event) => node.listeners[type](event));
}

// Makes what is shown look like what was drawn anew and returns what is shown then. Only what differs is touched, so
// that a press, the focus and an open menu outlive a repaint. A node with another `key` is another thing; a `sealed`
// node changes by itself (a picture arrives, a spoiler is revealed) and is left alone while it was drawn from the same.
export function morph(shown, drawn) {
  if (shown.nodeName !== drawn.nodeName || ["key", "sealed", "hears"].some((name) => shown[name] !== drawn[name])) {
    shown.replaceWith(drawn);
    return drawn;
  }
  if (shown.sealed !== undefined) return shown;
  if (shown.nodeType === Node.TEXT_NODE) {
    if (shown.data !== drawn.data) shown.data = drawn.data;
    return shown;
  }
  for (const name of shown.getAttributeNames()) if (!drawn.hasAttribute(name)) shown.removeAttribute(name);
  for (const name of drawn.getAttributeNames()) {
    const value = drawn.getAttribute(name);
    if (shown.getAttribute(name) !== value) shown.setAttribute(name, value);
  }
  shown.listeners = drawn.listeners;
  morphChildren(shown, [...drawn.childNodes]);
  return shown;
}

function morphChildren(shown, children) {
  let at = shown.firstChild;
  for (const child of children) {
    let twin = at;
    while (twin && child.key !== undefined && twin.key !== child.key) twin = twin.nextSibling;
    if (!twin || twin.key !== child.key) {
      shown.insertBefore(child, at);
      continue;
    }
    while (at !== twin) at = dropped(at);
    at = morph(twin, child).nextSibling;
  }
  while (at) at = dropped(at);
}

function dropped(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

export function icon(name, className = "") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon ${className}`);
  svg.setAttribute("aria-hidden", "true");
  for (const data of ICONS[name]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", data);
    svg.append(path);
  }
  return svg;
}

export function identifier() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function color(number) {
  return `#${Number(number).toString(16).padStart(6, "0").slice(-6)}`;
}

// The host takes part in the page; what is drawn lives in its shadow, so that neither styles nor shortcuts leak.
export function mountShadow(model, parent, className) {
  const host = el("div", { "data-lm-suppress-shortcuts": "true", class: "viewkit-host" });
  const shadow = host.attachShadow({ mode: "open" });
  // JupyterLab prevents line breaks inside cells, and with them Enter in a form and new lines in a text.
  shadow.addEventListener("beforeinput", (event) => event.stopPropagation());
  const style = el("style", { text: model.get("_style_sheet") });
  const root = el("div", { class: `viewkit ${className}` });
  shadow.append(style, root);
  parent.append(host);
  const stopTheme = followTheme(model, root);
  return {
    root,
    shadow,
    remove() {
      stopTheme();
      host.remove();
    },
  };
}

function followTheme(model, root) {
  const apply = () => {
    const wanted = model.get("_theme");
    const lab = document.body.dataset.jpThemeLight;
    const light = wanted === "auto" ? lab === "true" || (lab === undefined && !prefersDark()) : wanted === "light";
    root.dataset.theme = light ? "light" : "dark";
  };
  const observer = new MutationObserver(apply);
  observer.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  model.on("change:_theme", apply);
  apply();
  return () => {
    observer.disconnect();
    model.off("change:_theme", apply);
  };
}

function prefersDark() {
  return window.matchMedia("(prefers-color-scheme: dark)").matches;
}

export function clock(value) {
  return new Date(value).toLocaleTimeString("en-US", { hour: "numeric", minute: "2-digit" });
}

export function bytes(count) {
  if (count === undefined || count === null) return "";
  if (count < 1024) return `${count} bytes`;
  if (count < 1024 * 1024) return `${(count / 1024).toFixed(2)} KB`;
  return `${(count / 1024 / 1024).toFixed(2)} MB`;
}
