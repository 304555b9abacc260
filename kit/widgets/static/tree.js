import { el, icon, identifier, mountShadow } from "./dom.js";

// The tree shows what Python describes: rows of open branches, a page of children at a time.

const PAGE = 100;

// A number that JavaScript would round, such as a snowflake, comes and goes as { int: "digits" }.
const large = (key) => typeof key === "object";
const spell = (key) => (large(key) ? key.int : JSON.stringify(key));
const name = (path) => `[${path.map(spell).join(",")}]`;
const within = (path, other) => path.every((key, index) => index < other.length && spell(key) === spell(other[index]));

class View {
  constructor({ model, el: parent }) {
    this.model = model;
    this.view = identifier();
    this.page = mountShadow(model, parent, "tree");
    this.rows = new Map();
    this.actions = new Map();
    this.tree = el("ul", { class: "branch root", role: "tree", "aria-label": "State" });
    this.log = el("ol", { class: "log", "aria-label": "Actions, newest first" });
    this.page.root.append(
      el("section", { class: "pane" }, el("h2", { text: "State" }), el("div", { class: "scroll" }, this.tree)),
      el("section", { class: "pane" }, el("h2", { text: "Actions" }), el("div", { class: "scroll" }, this.log)),
    );
    this.tree.addEventListener("keydown", (event) => this.key(event));
    this.listener = (message) => this.receive(message);
    model.on("msg:custom", this.listener);
    model.send({ type: "ready", view: this.view });
  }

  receive(message) {
    if (message.view && message.view !== this.view) return;
    if (message.type === "snapshot") this.snapshot(message);
    else if (message.type === "closed") this.fold(this.rows.get(name(message.path)) ?? {});
    else if (message.type === "page") this.extend(message.path, message.rows);
    else if (message.type === "update") this.update(message);
  }

  snapshot({ root, log }) {
    this.rows.clear();
    this.rows.set("[]", { path: [], item: null, list: this.tree, count: root.row.count });
    this.fill(root);
    this.log.replaceChildren();
    this.record(log);
    const first = this.tree.querySelector(".row");
    if (first) first.tabIndex = 0;
    else this.tree.append(el("li", { class: "empty", text: "The state is empty." }));
  }

  update({ branches = [], rows = [], gone = [], log = [] }) {
    for (const branch of branches) this.fill(branch);
    for (const path of gone) this.forget(path);
    for (const { path, row, flash } of rows) this.change(path, row, flash);
    this.record(log);
  }

  fill({ path, row, rows }) {
    const entry = this.rows.get(name(path));
    if (!entry) return;
    if (entry.item) {
      this.paint(entry, row);
      this.unfold(entry);
    }
    entry.count = row.count;
    for (const key of [...this.rows.keys()]) {
      const known = this.rows.get(key);
      if (known !== entry && within(path, known.path)) this.rows.delete(key);
    }
    entry.list?.replaceChildren();
    this.extend(path, rows);
  }

  extend(path, rows) {
    const entry = this.rows.get(name(path));
    if (!entry?.list) return;
    entry.more?.remove();
    for (const row of rows) {
      this.append(entry, row);
      if (row.branch) this.fill(row.branch);
    }
    this.showMore(entry);
  }

  append(parent, row) {
    const path = [...parent.path, row.key];
    const entry = { path, list: null, more: null, count: row.count };
    entry.head = el("div", { class: "row", data: { path: name(path) }, tabindex: "-1" });
    entry.item = el("li", { role: "treeitem" }, entry.head);
    entry.head.addEventListener("click", (event) => {
      if (!event.target.closest(".copy")) this.toggle(entry);
      this.focus(entry.head);
    });
    this.paint(entry, row);
    this.rows.set(name(path), entry);
    parent.list.querySelector(":scope > .empty")?.remove();
    parent.list.insertBefore(entry.item, parent.more?.isConnected ? parent.more : null);
  }

  paint(entry, row) {
    entry.row = row;
    entry.count = row.count;
    const branch = row.count !== undefined;
    if (!branch) this.fold(entry);
    const brackets = row.kind === "list" ? "[]" : "{}";
    const value = branch ? `${brackets[0]}${row.count}${brackets[1]}` : row.text;
    entry.head.replaceChildren(
      branch ? icon("chevron", "twisty") : el("span", { class: "twisty" }),
      el("span", { class: `key ${typeof row.key === "string" ? "string" : "number"}`, text: large(row.key) ? row.key.int : String(row.key) }),
      el("span", { class: `value ${row.kind}`, text: value, title: branch ? row.kind : value }),
      el("button", { class: "plain copy", type: "button", tabindex: "-1", title: "Copy path", "aria-label": "Copy path", on: { click: () => navigator.clipboard?.writeText(name(entry.path)) } }, icon("copy")),
    );
    if (branch) entry.item.setAttribute("aria-expanded", String(Boolean(entry.list)));
    else entry.item.removeAttribute("aria-expanded");
  }

  showMore(entry) {
    entry.more?.remove();
    const shown = entry.list.querySelectorAll(":scope > li > .row").length;
    const left = (entry.count ?? shown) - shown;
    if (left <= 0) return;
    const ask = () => this.model.send({ type: "more", path: entry.path });
    const text = left > PAGE ? `… ${left.toLocaleString("en-US")} more, show ${PAGE}` : `… ${left} more`;
    entry.more = el("li", { class: "more" }, el("button", { class: "plain", type: "button", text, on: { click: ask } }));
    entry.list.append(entry.more);
  }

  change(path, row, flash) {
    const parent = this.rows.get(name(path.slice(0, -1)));
    if (!parent?.list) return;
    const entry = this.rows.get(name(path));
    if (entry) this.paint(entry, row);
    else {
      this.append(parent, row);
    }
    if (entry?.list) this.showMore(entry);
    this.showMore(parent);
    if (flash) this.flash(this.rows.get(name(path)).head);
  }

  forget(path) {
    const entry = this.rows.get(name(path));
    if (!entry) return;
    entry.item.remove();
    for (const key of [...this.rows.keys()]) {
      if (within(path, this.rows.get(key).path)) this.rows.delete(key);
    }
    const parent = this.rows.get(name(path.slice(0, -1)));
    if (parent?.list) this.showMore(parent);
  }

  flash(node, className = "flash") {
    node.classList.remove(className);
    void node.offsetWidth;
    node.classList.add(className);
  }

  toggle(entry) {
    if (entry.row.count === undefined) return;
    this.model.send({ type: entry.list ? "close" : "open", path: entry.path });
  }

  unfold(entry) {
    if (entry.list) return;
    entry.list = el("ul", { class: "branch", role: "group" });
    entry.item.append(entry.list);
    entry.item.setAttribute("aria-expanded", "true");
  }

  fold(entry) {
    if (!entry.list) return;
    for (const row of entry.list.querySelectorAll(".row")) this.rows.delete(row.dataset.path);
    entry.list.remove();
    entry.list = null;
    entry.more = null;
    entry.item.setAttribute("aria-expanded", "false");
  }

  focus(row) {
    for (const other of this.tree.querySelectorAll(".row[tabindex='0']")) other.tabIndex = -1;
    row.tabIndex = 0;
    row.focus();
  }

  key(event) {
    const row = event.target.closest(".row");
    if (!row) return;
    const rows = [...this.tree.querySelectorAll(".row")];
    const entry = this.rows.get(row.dataset.path);
    const at = rows.indexOf(row);
    if (event.key === "ArrowDown") this.focus(rows[Math.min(at + 1, rows.length - 1)]);
    else if (event.key === "ArrowUp") this.focus(rows[Math.max(at - 1, 0)]);
    else if (event.key === "ArrowRight" && !entry.list) this.toggle(entry);
    else if (event.key === "ArrowLeft" && entry.list) this.toggle(entry);
    else if (event.key === "ArrowLeft" && entry.path.length > 1) this.focus(this.rows.get(name(entry.path.slice(0, -1))).head);
    else if (event.key === "Enter" || event.key === " ") this.toggle(entry);
    else return;
    event.preventDefault();
  }

  record(entries) {
    for (const entry of entries) {
      const show = () => this.highlight(entry.paths);
      const changes = `${entry.changes} change${entry.changes === 1 ? "" : "s"}`;
      this.log.prepend(
        el(
          "li",
          {},
          el(
            "button",
            { class: "plain action", type: "button", title: entry.source ?? "", data: { action: entry.type }, on: { click: show } },
            el("time", { text: new Date(entry.time * 1000).toLocaleTimeString("en-GB") }),
            el("span", { class: "type", text: entry.type }),
            el("span", { class: "changes", text: changes }),
            el("span", { class: "payload", text: entry.payload }),
          ),
        ),
      );
    }
    while (this.log.children.length > 200) this.log.lastChild.remove();
  }

  // A path inside a closed branch lights the deepest row that is shown.
  highlight(paths) {
    for (const row of this.tree.querySelectorAll(".lit")) row.classList.remove("lit");
    for (const path of paths) {
      for (let depth = path.length; depth > 0; depth -= 1) {
        const entry = this.rows.get(name(path.slice(0, depth)));
        if (!entry) continue;
        entry.head.classList.add("lit");
        entry.head.scrollIntoView({ block: "nearest" });
        break;
      }
    }
  }

  close() {
    this.model.off("msg:custom", this.listener);
    this.page.remove();
  }
}

export default {
  render(site) {
    const view = new View(site);
    return () => view.close();
  },
};
