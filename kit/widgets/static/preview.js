import { el, icon, identifier, morph, mountShadow } from "./dom.js";
import { Media } from "./media.js";
import { messageNode } from "./message.js";
import { openModal } from "./modal.js";

const ACKNOWLEDGE_MS = 200;
const NEAR = 40;

// Jupyter's server keeps small frames back until the browser has acknowledged the one before (Nagle's algorithm), and
// the browser's system puts that off for 40 ms unless it has something to send. So something is sent.
const PULSE_MS = 8;
const PULSES = 5;


class View {
  constructor({ model, el: parent }) {
    this.model = model;
    this.view = identifier();
    this.page = mountShadow(model, parent, "preview");
    this.root = this.page.root;
    this.media = new Media((message) => model.send(message), this.view);
    this.entities = {};
    this.payloads = new Map();
    this.nodes = new Map();
    this.pending = new Set();
    this.failures = new Map();
    this.choices = new Map();
    this.revealed = new Set();
    this.answers = new Map();
    this.closeModal = null;
    this.menu = null;
    this.draw();
    this.listener = (message, buffers) => this.receive(message, buffers ?? []);
    model.on("msg:custom", this.listener);
    model.send({ type: "ready", view: this.view });
  }

  draw() {
    this.title = el("span", { class: "title" });
    this.dot = el("span", { class: "presence", role: "img" });
    this.users = el("select", { data: { role: "user" }, "aria-label": "Acting as", on: { change: () => this.actAs(this.users.value) } });
    this.banner = el("div", { class: "notice", role: "status", hidden: true });
    this.queue = el("div", { class: "queued", role: "status", text: "The kernel is busy; your click is queued.", hidden: true });
    this.list = el("div", { class: "messages", role: "log", "aria-live": "polite", tabindex: "0", "aria-label": "Messages", style: { "max-height": `${this.model.get("_height")}px` } });
    this.composer = el("input", { type: "text", data: { role: "say" }, maxlength: 2000, autocomplete: "off" });
    const form = el("form", { class: "composer", on: { submit: (event) => this.say(event) } }, this.composer);
    this.root.append(
      el("div", { class: "bar" }, icon("hash"), this.title, this.dot, el("label", { class: "acting" }, el("span", { text: "Acting as" }), this.users)),
      this.banner,
      this.list,
      this.queue,
      form,
    );
  }

  actAs(user) {
    // At once: a click before Python's answer is this user's already.
    this.user = user;
    this.choices.clear();
    this.model.send({ type: "user", user });
  }

  receive(message, buffers) {
    if (message.view && message.view !== this.view) return;
    switch (message.type) {
      case "snapshot":
        return this.snapshot(message);
      case "messages":
        return this.update(message);
      case "media":
        return this.keepBottom(() => this.media.receive(message, buffers));
      case "received":
      case "answer":
        return this.answers.get(message.nonce)?.(message);
      case "notice":
        return this.showNotice(message.notice);
      case "online":
        return this.showOnline(message.online);
    }
  }

  snapshot(message) {
    this.entities = message.entities;
    this.user = message.user;
    this.title.textContent = message.channel;
    this.users.replaceChildren(...message.users.map((name) => el("option", { value: name, text: name })));
    this.users.value = message.user;
    this.composer.placeholder = `Message #${message.channel} as ${message.user}`;
    this.composer.setAttribute("aria-label", this.composer.placeholder);
    this.empty = message.gone ? "This channel was deleted." : "No messages yet. Say something, or let the bot send its panel.";
    this.payloads.clear();
    for (const payload of message.messages) this.payloads.set(payload.message.id, payload);
    for (const id of this.payloads.keys()) this.paint(id);
    this.arrange([...this.payloads.keys()]);
    this.showNotice(message.notice);
    this.showOnline(message.online);
    this.list.scrollTop = this.rest();
  }

  update(message) {
    this.keepBottom(() => {
      for (const payload of message.changed) this.payloads.set(payload.message.id, payload);
      if (message.entities) this.entities = message.entities;
      const stale = message.entities ? [...this.payloads.keys()] : message.changed.map((payload) => payload.message.id);
      for (const id of stale) this.paint(id);
      if (message.order) this.arrange(message.order);
    });
  }

  paint(id) {
    const payload = this.payloads.get(id);
    if (!payload) return;
    const shown = this.nodes.get(id);
    const drawn = messageNode(this, payload);
    this.nodes.set(id, shown ? morph(shown, drawn) : drawn);
    this.menu?.repainted();
  }

  arrange(order) {
    for (const id of [...this.nodes.keys()]) {
      if (order.includes(id)) continue;
      this.nodes.get(id).remove();
      this.nodes.delete(id);
      this.payloads.delete(id);
      this.failures.delete(id);
    }
    this.menu?.repainted();
    const nodes = order.map((id) => this.nodes.get(id)).filter(Boolean);
    nodes.forEach((node, index) => {
      if (this.list.children[index] !== node) this.list.insertBefore(node, this.list.children[index] ?? null);
    });
    while (this.list.children.length > nodes.length) this.list.lastChild.remove();
    if (!nodes.length) this.list.append(el("p", { class: "empty", text: this.empty }));
  }

  // Where the list comes to rest: at its end, but a last message taller than the list is read from its top.
  rest() {
    const last = this.list.lastElementChild;
    const top = last ? last.getBoundingClientRect().top - this.list.getBoundingClientRect().top + this.list.scrollTop : 0;
    return Math.min(top, this.end());
  }

  end() {
    return this.list.scrollHeight - this.list.clientHeight;
  }

  keepBottom(change) {
    const { list } = this;
    const last = list.lastElementChild;
    const rest = this.rest();
    const tall = rest < this.end();
    const follows = list.scrollTop > rest - NEAR;
    const ended = list.scrollTop > this.end() - NEAR;
    change();
    if (follows && (!tall || list.lastElementChild !== last)) list.scrollTop = this.rest();
    else if (ended) list.scrollTop = this.end();
  }

  focused() {
    return this.page.shadow.activeElement;
  }

  bot() {
    const authors = [...this.payloads.values()].map((payload) => payload.message.author);
    return authors.findLast((author) => author?.bot) ?? { username: "the app" };
  }

  send(event) {
    const nonce = identifier();
    const slow = setTimeout(() => (this.queue.hidden = false), ACKNOWLEDGE_MS);
    let pulses = 0;
    const pulse = setInterval(() => {
      this.model.send({ type: "pulse" });
      if (++pulses === PULSES) clearInterval(pulse);
    }, PULSE_MS);
    return new Promise((resolve) => {
      this.answers.set(nonce, (message) => {
        clearTimeout(slow);
        this.queue.hidden = true;
        if (message.type !== "answer") return;
        clearInterval(pulse);
        this.answers.delete(nonce);
        resolve(message);
      });
      this.model.send({ type: "event", view: this.view, nonce, event: { user: this.user, ...event } });
    });
  }

  async interact(id, customId, event) {
    const key = `${id} ${customId}`;
    this.pending.add(key);
    this.failures.delete(id);
    this.paint(id);
    const answer = await this.send({ ...event, message_id: id, custom_id: customId });
    this.pending.delete(key);
    if (answer.status === "failed") this.failures.set(id, answer.reason);
    this.keepBottom(() => this.paint(id));
    if (answer.status === "modal") this.showModal(answer, id);
  }

  showModal({ modal, markdown }, id) {
    this.closeModal?.();
    this.closeModal = openModal(this, modal, markdown ?? {}, {
      closed: () => (this.closeModal = null),
      submit: (values) => this.send({ kind: "submit", modal_id: modal.id, custom_id: modal.custom_id, message_id: id, values }),
    });
  }

  async say(event) {
    event.preventDefault();
    const content = this.composer.value.trim();
    if (!content) return;
    this.composer.value = "";
    const answer = await this.send({ kind: "say", content });
    if (answer.status === "failed") this.showNotice({ kind: "error", text: `The message was not sent. ${answer.reason ?? ""}` });
  }

  dismiss(id) {
    this.model.send({ type: "dismiss", message_id: id });
  }

  showNotice(notice) {
    this.banner.hidden = !notice;
    this.banner.className = `notice ${notice?.kind ?? ""}`;
    this.banner.textContent = notice?.text ?? "";
  }

  showOnline(online) {
    this.dot.classList.toggle("online", online);
    this.dot.setAttribute("aria-label", online ? "The bot is online" : "The bot is offline");
    this.dot.title = this.dot.getAttribute("aria-label");
  }

  close() {
    this.model.off("msg:custom", this.listener);
    this.menu?.close(false);
    this.media.close();
    this.page.remove();
  }
}

export default {
  render(site) {
    const view = new View(site);
    return () => view.close();
  },
};
