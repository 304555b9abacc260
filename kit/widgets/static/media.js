import { el, icon } from "./dom.js";

// Media are asked of Python by url and become blob: addresses; nothing is ever loaded from another site.

const INLINE = /^data:image\/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+$/;

export class Media {
  constructor(send, view) {
    this.send = send;
    this.view = view;
    this.known = new Map();
    this.waiting = new Map();
    this.asked = [];
  }

  // Calls `use` with an address the page may load, or null, now or when Python has answered.
  get(url, use) {
    if (typeof url !== "string" || url === "") return use(null);
    if (INLINE.test(url)) return use(url);
    if (this.known.has(url)) return use(this.known.get(url));
    if (!this.waiting.has(url)) {
      this.waiting.set(url, []);
      if (this.asked.push(url) === 1) queueMicrotask(() => this.ask());
    }
    this.waiting.get(url).push(use);
  }

  ask() {
    while (this.asked.length) {
      this.send({ type: "media", view: this.view, urls: this.asked.splice(0, 50) });
    }
  }

  receive(message, buffers) {
    const found = message.found && buffers.length > 0;
    const blob = found ? new Blob([buffers[0]], { type: message.content_type }) : null;
    const address = blob ? URL.createObjectURL(blob) : null;
    this.known.set(message.url, address);
    for (const use of this.waiting.get(message.url) ?? []) use(address);
    this.waiting.delete(message.url);
  }

  close() {
    for (const address of this.known.values()) if (address) URL.revokeObjectURL(address);
  }
}

export function picture(context, url, alt, className) {
  const frame = el("span", { class: `picture ${className}`, sealed: `${url} ${alt ?? ""} ${className}` });
  context.media.get(url, (address) => {
    if (address) frame.replaceChildren(el("img", { src: address, alt: alt ?? "", draggable: "false" }));
    else frame.replaceChildren(missing(url, alt));
  });
  return frame;
}

function missing(url, alt) {
  return el("span", { class: "missing", title: alt ?? "" }, icon("image"), el("span", { text: source(url) }));
}

function source(url) {
  const text = String(url ?? "");
  if (text.startsWith("attachment://")) return text.slice("attachment://".length);
  try {
    return new URL(text).host || "media";
  } catch {
    return "media";
  }
}

export function avatar(context, user, className = "avatar") {
  const name = user?.global_name || user?.username || "?";
  const hue = Number(BigInt.asUintN(16, BigInt(/^\d+$/.test(user?.id ?? "") ? user.id : 0n) >> 22n)) % 360;
  const sealed = `${user?.id} ${user?.avatar} ${name} ${className}`;
  const node = el("span", { class: className, sealed, "aria-hidden": "true", style: { "--hue": String(hue) } }, name.slice(0, 1).toUpperCase());
  if (user?.avatar) {
    context.media.get(`https://cdn.discordapp.com/avatars/${user.id}/${user.avatar}.png`, (address) => {
      if (address) node.replaceChildren(el("img", { src: address, alt: "" }));
    });
  }
  return node;
}

export function emoji(context, data) {
  if (!data.id) return el("span", { class: "emoji", text: data.name ?? "" });
  const node = el("span", { class: "emoji custom", sealed: `${data.id} ${data.name}`, title: `:${data.name ?? ""}:`, text: `:${data.name ?? ""}:` });
  const extension = data.animated ? "gif" : "png";
  context.media.get(`https://cdn.discordapp.com/emojis/${data.id}.${extension}`, (address) => {
    if (address) node.replaceChildren(el("img", { src: address, alt: `:${data.name ?? ""}:` }));
  });
  return node;
}

// A cover over what is a spoiler; once lifted it stays so for this message, repaints included.
export function spoilerCover(context, key, node) {
  if (context.revealed.has(key)) return el("div", { class: "spoilered revealed" }, node);
  const lift = ({ currentTarget: cover }) => {
    context.revealed.add(key);
    cover.previousSibling.inert = false;
    cover.parentNode.classList.add("revealed");
    cover.remove();
  };
  node.inert = true;
  const cover = el("button", { class: "cover", type: "button", "aria-label": "Reveal spoiler", on: { click: lift } }, el("span", { text: "SPOILER" }));
  return el("div", { class: "spoilered" }, node, cover);
}
