import { el, icon, identifier, mountShadow } from "./dom.js";

const REPORT = ["restored", "skipped", "failed", "removed", "unreachable"];
const BAD = new Set(["failed", "unreachable"]);

class View {
  constructor({ model, el: parent }) {
    this.model = model;
    this.view = identifier();
    this.page = mountShadow(model, parent, "controls");
    this.answers = new Map();
    this.opened = new Set();
    this.waiting = false;
    this.draw();
    this.listener = (message) => this.receive(message);
    model.on("msg:custom", this.listener);
    model.send({ type: "ready", view: this.view });
  }

  draw() {
    this.dot = el("span", { class: "presence", role: "img" });
    this.bot = el("span", { class: "bot" });
    this.life = el("span", { class: "life" });
    this.busy = el("span", { class: "busy", role: "status" });
    this.restart = this.button("restart", "Restart", "secondary", "restart", "Close the bot in order and start it again");
    this.crash = this.button("crash", "Crash", "danger", "bolt", "End the bot as kill -9 would, then start it again");
    this.failure = el("div", { class: "notice error failure", role: "alert", hidden: true });
    this.report = el("div", { class: "report", "aria-label": "Last start" });
    this.reloads = el("div", { class: "list" });
    this.errors = el("div", { class: "list" });
    this.exports = el("div", { class: "list" });
    this.choice = el("select", { data: { role: "view" }, "aria-label": "View to export" });
    this.path = el("input", { type: "text", data: { role: "path" }, placeholder: "cogs/role_panel.py", "aria-label": "File to write", maxlength: 1024, spellcheck: "false" });
    this.send = el("button", { class: "button primary", type: "submit", text: "Export", data: { command: "export" } });
    this.clear = el("button", { class: "plain clear", type: "button", text: "Clear", data: { command: "clear_errors" }, on: { click: () => this.command("clear_errors") } });
    this.form = el("form", { class: "export", on: { submit: (event) => this.export(event) } }, this.choice, this.path, this.send);
    this.reloadPart = part("Hot reload", this.reloads);
    this.errorPart = part("Errors", this.errors, this.clear);
    this.page.root.append(
      el("div", { class: "bar" }, this.dot, this.bot, this.life, this.busy, el("span", { class: "actions" }, this.restart, this.crash)),
      this.failure,
      this.report,
      this.reloadPart,
      this.errorPart,
      part("Export", this.form, null, this.exports),
    );
  }

  button(command, text, style, picture, title) {
    const click = () => this.command(command);
    return el("button", { class: `button ${style}`, type: "button", title, data: { command }, on: { click } }, icon(picture), el("span", { text }));
  }

  receive(message) {
    if (message.view && message.view !== this.view) return;
    if (message.type === "status") this.show(message.status);
    else if (message.type === "answer") this.answers.get(message.nonce)?.(message);
  }

  show(status) {
    this.status = status;
    const online = Boolean(status.online);
    this.dot.classList.toggle("online", online);
    this.dot.setAttribute("aria-label", online ? "online" : "offline");
    this.bot.textContent = status.bot ?? "";
    this.life.textContent = `life ${status.life ?? 0}`;
    this.enable();
    this.report.replaceChildren(...chips(status.report));
    this.report.hidden = !status.report;
    this.reloads.replaceChildren(...(status.reloads ?? []).map(reload));
    this.reloadPart.hidden = !status.reloads?.length;
    this.errors.replaceChildren(...(status.errors ?? []).map((error) => this.error(error)));
    this.errorPart.hidden = !status.errors?.length;
    this.offer(status.views ?? []);
    this.exports.replaceChildren(...(status.exports ?? []).map(exported));
  }

  enable() {
    const busy = this.status?.busy ?? (this.waiting ? "working…" : null);
    this.busy.textContent = busy ?? "";
    for (const button of [this.restart, this.crash, this.send]) button.disabled = Boolean(busy);
    if (!this.status?.views?.length) this.send.disabled = true;
  }

  offer(views) {
    const before = this.choice.value;
    if ([...this.choice.options].map((option) => option.value).join("\n") === views.join("\n")) return;
    this.choice.replaceChildren(...views.map((view) => el("option", { value: view, text: view })));
    if (views.includes(before)) this.choice.value = before;
  }

  error({ when, what, traceback }) {
    const key = `${when} ${what}`;
    const details = el(
      "details",
      { class: "error", open: this.opened.has(key) },
      el("summary", {}, el("time", { text: when ?? "" }), el("span", { text: what ?? "" })),
      traceback ? el("pre", { text: traceback }) : null,
    );
    details.addEventListener("toggle", () => (details.open ? this.opened.add(key) : this.opened.delete(key)));
    return details;
  }

  export(event) {
    event.preventDefault();
    const to = this.path.value.trim() || this.path.placeholder;
    this.command("export", { view: this.choice.value, to });
  }

  async command(name, args = {}) {
    const nonce = identifier();
    this.waiting = true;
    this.enable();
    const answer = await new Promise((resolve) => {
      this.answers.set(nonce, resolve);
      this.model.send({ type: "command", nonce, name, arguments: args });
    });
    this.answers.delete(nonce);
    this.waiting = false;
    this.enable();
    this.failure.hidden = answer.status !== "failed";
    this.failure.textContent = answer.reason ?? "";
  }

  close() {
    this.model.off("msg:custom", this.listener);
    this.page.remove();
  }
}

function part(title, ...children) {
  return el("section", {}, el("h2", { text: title }), children);
}

function chips(report) {
  if (!report) return [];
  const count = (value) => (Array.isArray(value) ? value.length : value);
  const known = REPORT.filter((name) => name in report).map((name) => {
    const bad = BAD.has(name) && count(report[name]) > 0;
    return el("span", { class: `chip${bad ? " bad" : ""}`, data: { stat: name } }, el("b", { text: String(count(report[name])) }), el("span", { text: name }));
  });
  if (report.ms !== undefined && report.ms !== null) known.push(el("span", { class: "chip", data: { stat: "ms" } }, el("b", { text: String(Math.round(report.ms)) }), el("span", { text: "ms" })));
  return known;
}

function reload({ view, status, cell, line, changes, error }) {
  const where = cell === null || cell === undefined ? "" : `cell ${cell}${line ? `, line ${line}` : ""}`;
  return el(
    "div",
    { class: `reload ${status === "refused" ? "refused" : "reloaded"}` },
    el("div", { class: "line" }, el("b", { text: view ?? "" }), el("span", { class: "state", text: status ?? "" }), el("span", { class: "where", text: where })),
    error ? el("div", { class: "why", text: error }) : null,
    (changes ?? []).map((change) => el("div", { class: "change", text: change })),
  );
}

function exported({ view, path, status, proof }) {
  return el(
    "div",
    { class: "exported" },
    el("div", { class: "line" }, el("b", { text: view ?? "" }), el("span", { class: "state", text: status ?? "" }), el("code", { text: path ?? "" })),
    (proof ?? []).map((line) => el("div", { class: "proof", text: line })),
  );
}

export default {
  render(site) {
    const view = new View(site);
    return () => view.close();
  },
};
