import { color, el } from "./dom.js";
import { emoji } from "./media.js";

// Draws the tree that Python parsed. The browser never parses markdown.

const TAGS = { strong: "strong", em: "em", underline: "u", strike: "s" };
const SAFE_LINK = /^(https?|discord):\/\//i;
const NAVIGATION = { customize: "Channels & Roles", browse: "Browse Channels", guide: "Server Guide", home: "Server Guide" };

export function prose(context, text, markdown, className = "") {
  const nodes = markdown[text] ?? [{ type: "text", text }];
  const jumbo = nodes.length > 0 && nodes.length <= 27 && nodes.every((node) => node.type === "emoji");
  return el("div", { class: `prose ${className}${jumbo ? " jumbo" : ""}` }, nodes.map((node) => draw(context, node)));
}

function draw(context, node) {
  const children = () => (node.children ?? []).map((child) => draw(context, child));
  if (node.type === "text") return document.createTextNode(node.text);
  if (node.type === "break") return el("br");
  if (node.type in TAGS) return el(TAGS[node.type], {}, children());
  switch (node.type) {
    case "heading":
      return el(`h${Math.min(Math.max(node.level, 1), 3)}`, {}, children());
    case "subtext":
      return el("small", { class: "subtext" }, children());
    case "quote":
      return el("blockquote", {}, el("div", {}, children()));
    case "list":
      return list(context, node);
    case "code":
      return el("code", { text: node.text });
    case "pre":
      return el("pre", { data: { lang: node.lang } }, el("code", { text: node.text }));
    case "spoiler":
      return spoiler(children());
    case "link":
      return link(node.url, children(), node.title);
    case "emoji":
      return emoji(context, node);
    case "time":
      return el("time", { class: "timestamp", title: moment(node.at, "F"), text: moment(node.at, node.style) });
    default:
      return mention(context, node);
  }
}

function list(context, node) {
  const items = node.items.map((item) => el("li", {}, item.map((child) => draw(context, child))));
  return node.ordered ? el("ol", { start: node.start }, items) : el("ul", {}, items);
}

export function link(url, children, title) {
  if (!SAFE_LINK.test(url)) return el("span", {}, children);
  return el("a", { href: url, target: "_blank", rel: "noopener noreferrer nofollow", title: title || url }, children);
}

function spoiler(children) {
  const inner = el("span", { "aria-hidden": "true" }, children);
  const node = el("span", { class: "spoiler", sealed: inner.textContent, role: "button", tabindex: "0", "aria-label": "Spoiler" }, inner);
  const reveal = (event) => {
    if (event.type === "keydown" && event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    node.classList.add("revealed");
    for (const name of ["role", "tabindex", "aria-label"]) node.removeAttribute(name);
    inner.removeAttribute("aria-hidden");
    node.removeEventListener("click", reveal);
    node.removeEventListener("keydown", reveal);
  };
  node.addEventListener("click", reveal);
  node.addEventListener("keydown", reveal);
  return node;
}

function mention(context, node) {
  const { users = {}, roles = {}, channels = {} } = context.entities;
  const chip = (text, kind) => el("span", { class: `mention ${kind}`, text });
  switch (node.type) {
    case "user":
      return chip(`@${users[node.id]?.global_name || users[node.id]?.username || "unknown-user"}`, "user");
    case "role": {
      const role = roles[node.id];
      const span = chip(`@${role?.name ?? "deleted-role"}`, "role");
      if (role?.color) span.style.setProperty("--role", color(role.color));
      return span;
    }
    case "channel":
      return chip(`#${channels[node.id]?.name ?? "unknown"}`, "channel");
    case "command":
      return chip(`/${node.name}`, "command");
    case "navigation":
      return chip(NAVIGATION[node.kind] ?? "Linked Roles", "channel");
    default:
      return chip(node.text ?? "", "everyone");
  }
}

const FORMATS = {
  t: { timeStyle: "short" },
  T: { timeStyle: "medium" },
  d: { dateStyle: "short" },
  D: { dateStyle: "long" },
  f: { dateStyle: "long", timeStyle: "short" },
  F: { dateStyle: "full", timeStyle: "short" },
  s: { dateStyle: "short", timeStyle: "short" },
  S: { dateStyle: "short", timeStyle: "medium" },
};
const UNITS = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60]];

export function moment(seconds, style) {
  if (style !== "R") return new Date(seconds * 1000).toLocaleString("en-US", FORMATS[style] ?? FORMATS.f);
  const distance = seconds - Date.now() / 1000;
  const [unit, size] = UNITS.find(([, size]) => Math.abs(distance) >= size) ?? ["second", 1];
  return new Intl.RelativeTimeFormat("en", { numeric: "always" }).format(Math.round(distance / size), unit);
}
