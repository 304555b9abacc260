import { clock, color, el } from "./dom.js";
import { file } from "./components.js";
import { link, prose } from "./markdown.js";
import { picture } from "./media.js";

export function embed(drawing, data) {
  const { context, markdown } = drawing;
  const url = (address) => resolve(drawing, address);
  const main = el(
    "div",
    { class: "embed-main" },
    data.author ? author(context, data.author, url) : null,
    data.title ? title(context, data, markdown) : null,
    data.description ? prose(context, data.description, markdown, "embed-description") : null,
    data.fields?.length ? fields(context, data.fields, markdown) : null,
  );
  return el(
    "article",
    { class: "embed", style: data.color === null || data.color === undefined ? {} : { "--accent": color(data.color) } },
    el("div", { class: "embed-top" }, main, data.thumbnail ? picture(context, url(data.thumbnail.url), "", "embed-thumbnail") : null),
    data.image ? picture(context, url(data.image.url), "", "embed-image") : null,
    data.footer || data.timestamp ? footer(context, data, url) : null,
  );
}

export function resolve(drawing, address) {
  if (!String(address).startsWith("attachment://")) return address;
  const name = address.slice("attachment://".length);
  return (drawing.message.attachments ?? []).find((item) => item.filename === name)?.url ?? address;
}

function author(context, data, url) {
  const name = data.url ? link(data.url, [data.name]) : el("span", { text: data.name });
  return el("div", { class: "embed-author" }, data.icon_url ? picture(context, url(data.icon_url), "", "tiny") : null, name);
}

function title(context, data, markdown) {
  const words = prose(context, data.title, markdown);
  return el("div", { class: "embed-title" }, data.url ? link(data.url, [words]) : words);
}

// Discord puts up to three inline neighbours in a line and lets them share it.
function fields(context, list, markdown) {
  const lines = [];
  for (const item of list) {
    const line = lines.at(-1);
    if (item.inline && line?.inline && line.items.length < 3) line.items.push(item);
    else lines.push({ inline: Boolean(item.inline), items: [item] });
  }
  return el(
    "div",
    { class: "embed-fields" },
    lines.map((line) =>
      el(
        "div",
        { class: "embed-line" },
        line.items.map((item) =>
          el("div", { class: "embed-field" }, prose(context, item.name, markdown, "embed-field-name"), prose(context, item.value, markdown)),
        ),
      ),
    ),
  );
}

function footer(context, data, url) {
  const date = data.timestamp ? new Date(data.timestamp) : null;
  const when = date ? `${date.toLocaleDateString("en-US", { dateStyle: "short" })}, ${clock(date)}` : null;
  return el(
    "footer",
    { class: "embed-footer" },
    data.footer?.icon_url ? picture(context, url(data.footer.icon_url), "", "tiny") : null,
    el("span", { text: [data.footer?.text, when].filter(Boolean).join(" • ") }),
  );
}

// Files that no component or embed shows stand below the text.
export function attachments(drawing) {
  const { message, context } = drawing;
  const used = JSON.stringify([message.embeds ?? [], message.components ?? []]);
  return (message.attachments ?? [])
    .filter((item) => !used.includes(JSON.stringify(item.url)) && !used.includes(JSON.stringify(`attachment://${item.filename}`)))
    .map((item) =>
      item.content_type?.startsWith("image/")
        ? el("div", { class: "gallery of-1" }, el("div", { class: "tile" }, picture(context, item.url, item.description ?? item.filename, "cell")))
        : file(item.filename, item.size),
    );
}
