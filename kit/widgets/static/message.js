import { clock, el, icon } from "./dom.js";
import { component } from "./components.js";
import { attachments, embed } from "./embed.js";
import { prose } from "./markdown.js";
import { avatar, emoji } from "./media.js";
import { dots } from "./select.js";

const EPHEMERAL = 1 << 6, LOADING = 1 << 7, COMPONENTS_V2 = 1 << 15;

export function messageNode(context, payload) {
  const { message, markdown } = payload;
  const flags = message.flags ?? 0;
  const drawing = { context, message, markdown };
  const author = message.author ?? { username: "unknown" };
  const edited = message.edited_timestamp ? el("span", { class: "edited", text: "(edited)", title: new Date(message.edited_timestamp).toLocaleString("en-US") }) : null;
  const node = el(
    "article",
    { class: `message${flags & EPHEMERAL ? " ephemeral" : ""}`, data: { messageId: message.id }, "aria-label": `Message of ${author.global_name || author.username}` },
    replyLine(context, payload),
    avatar(context, author),
    el("div", { class: "body" }, header(author, message), body(drawing, payload.notice, edited), hanging(context, message), failure(context, message.id), flags & EPHEMERAL ? onlyYou(context, message.id) : null),
  );
  return node;
}

function header(author, message) {
  return el(
    "header",
    {},
    el("span", { class: "author", text: author.global_name || author.username }),
    author.bot ? el("span", { class: "tag", text: "APP" }) : null,
    message.timestamp ? el("time", { datetime: message.timestamp, text: clock(message.timestamp) }) : null,
  );
}

function body(drawing, notice, edited) {
  const { message } = drawing;
  if (message.flags & LOADING) return el("div", { class: "thinking" }, dots(), el("span", { text: `${message.author?.username ?? "The app"} is thinking…` }));
  if (notice) return el("div", { class: "thinking" }, el("span", { text: notice }));
  return content(drawing, edited);
}

function content(drawing, edited) {
  const { context, message, markdown } = drawing;
  const components = (message.components ?? []).map((data) => component(drawing, data));
  if (message.flags & COMPONENTS_V2) return el("div", { class: "content v2" }, components, edited);
  const text = message.content ? prose(context, message.content, markdown) : null;
  if (text && edited) text.append(edited);
  return el(
    "div",
    { class: "content" },
    text,
    (message.message_snapshots ?? []).map((snapshot) => forwarded(drawing, snapshot.message)),
    attachments(drawing),
    (message.embeds ?? []).map((data) => embed(drawing, data)),
    components.length ? el("div", { class: "rows", key: "rows" }, components) : null,
    text ? null : edited,
  );
}

// The original's buttons answer on the original only.
function forwarded(drawing, original) {
  const copy = content({ ...drawing, message: { ...original, id: drawing.message.id } }, null);
  for (const control of copy.querySelectorAll("[data-custom-id]")) control.disabled = true;
  return el("div", { class: "forwarded" }, el("div", { class: "forward" }, icon("reply"), el("span", { text: "Forwarded" })), copy);
}

function hanging(context, message) {
  const { reactions = [], thread } = message;
  return [
    reactions.length ? el("div", { class: "reactions" }, reactions.map((item) => reaction(context, item))) : null,
    thread ? el("div", { class: "thread" }, icon("hash"), el("b", { text: thread.name }), el("span", { text: `${thread.message_count} message${thread.message_count === 1 ? "" : "s"}` })) : null,
  ];
}

function reaction(context, { emoji: face, count, me }) {
  return el("span", { class: `reaction${me ? " mine" : ""}`, title: face.name }, emoji(context, face), el("span", { text: count }));
}

function replyLine(context, { reply }) {
  return reply ? line(context, reply.author, reply.text) : null;
}

function line(context, user, text) {
  return el(
    "div",
    { class: "reply" },
    icon("reply"),
    user ? avatar(context, user, "avatar tiny") : null,
    user ? el("span", { class: "reply-author", text: user.global_name || user.username }) : null,
    el("span", { class: "reply-text", text }),
  );
}

function failure(context, id) {
  const reason = context.failures.get(id);
  if (reason === undefined) return null;
  return el(
    "div",
    { class: "failure", role: "alert", title: reason ?? "" },
    el("span", { text: "This interaction failed" }),
    reason ? el("span", { class: "reason", text: reason }) : null,
  );
}

function onlyYou(context, id) {
  return el(
    "div",
    { class: "only-you" },
    icon("eye"),
    el("span", { text: "Only you can see this • " }),
    el("button", { class: "plain", type: "button", text: "Dismiss message", data: { role: "dismiss" }, on: { click: () => context.dismiss(id) } }),
  );
}
