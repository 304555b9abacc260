import { clock, el, icon } from "./dom.js";
import { component } from "./components.js";
import { attachments, embed } from "./embed.js";
import { prose } from "./markdown.js";
import { avatar } from "./media.js";
import { dots } from "./select.js";

const EPHEMERAL = 1 << 6, LOADING = 1 << 7, COMPONENTS_V2 = 1 << 15;
const PINNED = 6;

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
    el("div", { class: "body" }, header(author, message), body(drawing, flags, edited), failure(context, message.id), flags & EPHEMERAL ? onlyYou(context, message.id) : null),
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

function body(drawing, flags, edited) {
  const { context, message, markdown } = drawing;
  if (flags & LOADING) return el("div", { class: "thinking" }, dots(), el("span", { text: `${message.author?.username ?? "The app"} is thinking…` }));
  if (message.type === PINNED) return el("div", { class: "thinking" }, el("span", { text: `${message.author?.username ?? "Someone"} pinned a message to this channel.` }));
  const components = (message.components ?? []).map((data) => component(drawing, data));
  if (flags & COMPONENTS_V2) return el("div", { class: "content v2" }, components, edited);
  const text = message.content ? prose(context, message.content, markdown) : null;
  if (text && edited) text.append(edited);
  return el(
    "div",
    { class: "content" },
    text,
    attachments(drawing),
    (message.embeds ?? []).map((data) => embed(drawing, data)),
    components.length ? el("div", { class: "rows", key: "rows" }, components) : null,
    text ? null : edited,
  );
}

function replyLine(context, { message, reply }) {
  const invoked = message.interaction_metadata?.name ?? message.interaction?.name;
  if (invoked) {
    const user = message.interaction_metadata?.user ?? message.interaction?.user;
    return line(context, user, `used /${invoked}`);
  }
  if (!message.message_reference || message.type === PINNED) return null;
  const origin = message.referenced_message;
  return line(context, origin?.author, origin ? reply || "Click to see attachment" : "Original message was deleted");
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
