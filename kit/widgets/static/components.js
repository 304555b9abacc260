import { bytes, color, el, icon } from "./dom.js";
import { link, prose } from "./markdown.js";
import { emoji, picture, spoilerCover } from "./media.js";
import { defaultsOf, dots, selectMenu } from "./select.js";

// Draws message components from Discord's raw JSON. `drawing` holds what belongs to one message.

const ROW = 1, BUTTON = 2, SECTION = 9, TEXT = 10, THUMBNAIL = 11, GALLERY = 12, FILE = 13, SEPARATOR = 14, CONTAINER = 17;
const SELECTS = new Set([3, 5, 6, 7, 8]);
const STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link", 6: "premium" };

export function component(drawing, data) {
  const node = draw(drawing, data);
  node.key ??= `${data.type} ${controlOf(data)}`;
  return node;
}

// A repaint tells rows, sections and containers apart by the first control in them.
function controlOf(data) {
  if (data.custom_id) return data.custom_id;
  return [...(data.components ?? []), ...(data.accessory ? [data.accessory] : [])].map(controlOf).find(Boolean);
}

function draw(drawing, data) {
  if (SELECTS.has(data.type)) return select(drawing, data);
  switch (data.type) {
    case ROW:
      return el("div", { class: "row" }, (data.components ?? []).map((child) => component(drawing, child)));
    case BUTTON:
      return button(drawing, data);
    case SECTION:
      return section(drawing, data);
    case TEXT:
      return prose(drawing.context, data.content ?? "", drawing.markdown, "text-display");
    case THUMBNAIL:
      return covered(drawing, data.spoiler, media(drawing, data, "thumbnail"));
    case GALLERY:
      return gallery(drawing, data);
    case FILE:
      return covered(drawing, data.spoiler, fileCard(drawing, data));
    case SEPARATOR:
      return el("div", { class: `separator${data.spacing === 2 ? " large" : ""}`, role: "separator" }, data.divider === false ? null : el("hr"));
    case CONTAINER:
      return container(drawing, data);
    default:
      return el("div", { class: "unknown", text: `Component type ${data.type} is not drawn by this preview.` });
  }
}

function covered(drawing, spoiler, node) {
  drawing.spoilers = (drawing.spoilers ?? 0) + 1;
  return spoiler ? spoilerCover(drawing.context, `${drawing.message.id}:${drawing.spoilers}`, node) : node;
}

function container(drawing, data) {
  const accent = data.accent_color ?? null;
  const body = el("div", { class: "container-body" }, (data.components ?? []).map((child) => component(drawing, child)));
  return el(
    "div",
    { class: `container${accent === null ? "" : " accented"}`, style: accent === null ? {} : { "--accent": color(accent) } },
    covered(drawing, data.spoiler, body),
  );
}

function section(drawing, data) {
  return el(
    "div",
    { class: "section" },
    el("div", { class: "section-text" }, (data.components ?? []).map((child) => component(drawing, child))),
    data.accessory ? el("div", { class: "accessory" }, component(drawing, data.accessory)) : null,
  );
}

function button(drawing, data) {
  const { context, message } = drawing;
  const style = STYLES[data.style] ?? "secondary";
  const face = [data.emoji ? emoji(context, data.emoji) : null, data.label ? el("span", { text: data.label }) : null];
  if (style === "link") {
    const node = data.disabled ? el("a", { role: "link", "aria-disabled": "true" }, face) : link(data.url ?? "", face);
    node.classList.add("button", "link");
    node.append(icon("external"));
    return node;
  }
  if (style === "premium") {
    const sku = context.entities.skus?.[data.sku_id];
    face.splice(0, 2, icon("store"), el("span", { text: sku ? `${sku.name} - ${sku.price}` : "Premium" }));
  }
  const key = `${message.id} ${data.custom_id}`;
  const busy = context.pending.has(key);
  return el(
    "button",
    {
      class: `button ${style}${busy ? " busy" : ""}`,
      key: `button ${data.custom_id}`,
      type: "button",
      disabled: Boolean(data.disabled) || style === "premium" && !context.entities.skus?.[data.sku_id],
      "aria-label": data.label ? null : data.emoji?.name,
      "aria-busy": busy ? "true" : null,
      data: data.custom_id ? { customId: data.custom_id } : {},
      on: {
        click: () => {
          if (style !== "premium" && !context.pending.has(key)) {
            context.interact(message.id, data.custom_id, { kind: "click" });
          }
        },
      },
    },
    el("span", { class: "face" }, face),
    busy ? dots() : null,
  );
}

function select(drawing, data) {
  const { context, message } = drawing;
  // What was chosen stays shown until the bot changes the select.
  const key = `${message.id} ${JSON.stringify(data)}`;
  return selectMenu(context, data, {
    key,
    busy: context.pending.has(`${message.id} ${data.custom_id}`),
    read: () => context.choices.get(key) ?? defaultsOf(data),
    write(values, done) {
      context.choices.set(key, values);
      if (done) context.interact(message.id, data.custom_id, { kind: "choose", values });
    },
  });
}

function attachmentOf(drawing, url) {
  const name = String(url ?? "").replace(/^attachment:\/\//, "");
  return (drawing.message.attachments ?? []).find((item) => item.url === url || item.filename === name);
}

function media(drawing, data, className) {
  const url = data.media?.url;
  return picture(drawing.context, attachmentOf(drawing, url)?.url ?? url, data.description, className);
}

function gallery(drawing, data) {
  const items = data.items ?? [];
  const cells = items.map((item) => covered(drawing, item.spoiler, media(drawing, item, "cell")));
  return el("div", { class: `gallery of-${Math.min(items.length, 10)}` }, cells.map((cell) => el("div", { class: "tile" }, cell)));
}

function fileCard(drawing, data) {
  const known = attachmentOf(drawing, data.file?.url);
  const name = known?.filename ?? data.name ?? String(data.file?.url ?? "file").replace(/^attachment:\/\//, "").split("/").pop();
  return file(name, known?.size ?? data.size);
}

export function file(name, size) {
  return el(
    "div",
    { class: "file" },
    el("span", { class: "file-icon", "aria-hidden": "true" }),
    el("span", { class: "words" }, el("span", { class: "name", text: name }), size === undefined ? null : el("span", { class: "description", text: bytes(size) })),
  );
}
