import { color, el, icon, identifier } from "./dom.js";
import { avatar, emoji } from "./media.js";

// The select menu of messages and modals: a combobox whose list opens in the top layer, so that nothing clips it.

const STRING = 3, USER = 5, ROLE = 6, MENTIONABLE = 7, CHANNEL = 8;
const DEFAULT_PLACEHOLDER = "Make a selection";
const TYPING_MS = 700;

export function choicesOf(context, component) {
  const { users = {}, roles = {}, channels = {} } = context.entities;
  const people = () =>
    Object.entries(users).map(([id, user]) => ({
      value: id,
      label: user.global_name || user.username,
      description: user.username,
      lead: () => avatar(context, { id, ...user }, "avatar small"),
    }));
  const groups = () =>
    Object.entries(roles).map(([id, role]) => ({
      value: id,
      label: role.name,
      lead: () => el("span", { class: "role-dot", style: { background: role.color ? color(role.color) : "var(--muted)" } }),
    }));
  switch (component.type) {
    case STRING:
      return (component.options ?? []).map((option) => ({
        ...option,
        lead: option.emoji ? () => emoji(context, option.emoji) : null,
      }));
    case USER:
      return people();
    case ROLE:
      return groups();
    case MENTIONABLE:
      return [...people(), ...groups()];
    case CHANNEL:
      return Object.entries(channels)
        .filter(([, channel]) => !component.channel_types?.length || component.channel_types.includes(channel.type))
        .map(([id, channel]) => ({ value: id, label: channel.name, lead: () => icon(channel.type === 2 ? "voice" : "hash") }));
    default:
      return [];
  }
}

export function defaultsOf(component) {
  if (component.type === STRING) return (component.options ?? []).filter((option) => option.default).map((option) => option.value);
  return (component.default_values ?? []).map((value) => value.id);
}

// `read` gives the values and `write` takes each pick, the last one with `done`; `busy` shows dots until the answer
// came. The list belongs to the view, not to the control: it stays open while the message is repainted.
export function selectMenu(context, component, { key, read, write, busy = false }) {
  const options = choicesOf(context, component);
  const most = component.max_values ?? 1;
  const menu = {
    options,
    most,
    least: component.min_values ?? 1,
    multiple: most > 1,
    chosen: () => read().filter((value) => options.some((option) => option.value === value)),
    choose(control, values, done) {
      write(values, done);
      control.querySelector(".shown").replaceChildren(...summary(component, options, menu.chosen()));
    },
  };
  const popup = (control) => (context.menu?.control === control ? context.menu : new Popup(context, control, menu));
  return el(
    "button",
    {
      class: `select${busy ? " busy" : ""}`,
      key,
      type: "button",
      role: "combobox",
      "aria-haspopup": "listbox",
      "aria-expanded": "false",
      "aria-label": component.placeholder || DEFAULT_PLACEHOLDER,
      disabled: Boolean(component.disabled),
      data: { customId: component.custom_id },
      on: {
        click: ({ currentTarget }) => !busy && popup(currentTarget).toggle(),
        keydown: (event) => !busy && popup(event.currentTarget).key(event),
      },
    },
    el("span", { class: "shown" }, summary(component, options, menu.chosen())),
    busy ? dots() : icon("chevron", "arrow"),
  );
}

export function dots() {
  return el("span", { class: "dots", role: "status", "aria-label": "Waiting for an answer" }, el("i"), el("i"), el("i"));
}

function summary(component, options, chosen) {
  const picked = chosen.map((value) => options.find((option) => option.value === value));
  if (!picked.length) return [el("span", { class: "placeholder", text: component.placeholder || DEFAULT_PLACEHOLDER })];
  const single = component.type === STRING && (component.max_values ?? 1) === 1;
  return picked.map((option) => el("span", { class: single ? "picked" : "picked chip" }, option.lead?.(), el("span", { text: option.label })));
}

class Popup {
  constructor(context, control, menu) {
    Object.assign(this, { context, control, menu, list: null, active: 0, opened: null, typed: "", typedAt: -Infinity });
  }

  toggle() {
    if (this.list) this.close(true);
    else this.open();
  }

  open() {
    this.opened = this.menu.chosen();
    this.id = `menu-${identifier()}`;
    this.list = el("div", { class: "menu", id: this.id, role: "listbox", popover: "manual", "aria-label": this.control.getAttribute("aria-label"), "aria-multiselectable": String(this.menu.multiple) });
    this.rows = this.menu.options.map((option, index) => this.row(option, index));
    if (!this.rows.length) this.list.append(el("div", { class: "menu-empty", text: "Nothing to choose from here." }));
    this.list.append(...this.rows);
    this.context.root.append(this.list);
    this.list.showPopover();
    this.place();
    this.active = Math.max(0, this.menu.options.findIndex((option) => this.opened.includes(option.value)));
    this.mark();
    this.leave = (event) => {
      const path = event.composedPath();
      if (!path.includes(this.list) && !path.includes(this.control)) this.close(true);
    };
    this.scrolled = (event) => {
      if (!event.composedPath().includes(this.list)) this.place();
    };
    document.addEventListener("pointerdown", this.leave, true);
    document.addEventListener("scroll", this.scrolled, true);
    this.context.menu = this;
  }

  // After a repaint: a select that is gone or was changed takes its list along.
  repainted() {
    if (!this.control.isConnected) return this.shut();
    this.place();
    this.mark(false);
  }

  place() {
    if (!this.control.isConnected) return this.close(false);
    const box = this.control.getBoundingClientRect();
    const below = window.innerHeight - box.bottom;
    const height = Math.min(this.list.scrollHeight + 2, 320);
    const top = below >= height + 8 || below >= box.top ? box.bottom + 4 : box.top - height - 4;
    this.list.style.left = `${box.left}px`;
    this.list.style.top = `${Math.max(4, top)}px`;
    this.list.style.width = `${box.width}px`;
    this.list.style.maxHeight = `${Math.max(96, Math.min(320, top > box.top ? below - 8 : box.top - 8))}px`;
  }

  row(option, index) {
    const selected = this.opened.includes(option.value);
    return el(
      "div",
      {
        class: "option",
        id: `${this.id}-${index}`,
        role: "option",
        "aria-selected": String(selected),
        data: { value: option.value },
        on: {
          click: () => this.pick(index),
          pointermove: () => {
            this.active = index;
            this.mark(false);
          },
        },
      },
      option.lead ? el("span", { class: "lead" }, option.lead()) : null,
      el("span", { class: "words" }, el("span", { class: "name", text: option.label }), option.description ? el("span", { class: "description", text: option.description }) : null),
      el("span", { class: this.menu.multiple ? "tick box" : "tick" }, icon("check")),
    );
  }

  pick(index) {
    const { value } = this.menu.options[index];
    const chosen = this.menu.chosen();
    const has = chosen.includes(value);
    if (!this.menu.multiple) {
      const next = has && this.menu.least === 0 ? [] : [value];
      this.shut();
      return this.menu.choose(this.control, next, true);
    }
    if (!has && chosen.length >= this.menu.most) return;
    this.menu.choose(this.control, has ? chosen.filter((item) => item !== value) : [...chosen, value], false);
    this.mark(false);
  }

  mark(scroll = true) {
    const chosen = this.menu.chosen();
    const full = this.menu.multiple && chosen.length >= this.menu.most;
    this.rows.forEach((row, index) => {
      const selected = chosen.includes(row.dataset.value);
      row.setAttribute("aria-selected", String(selected));
      row.classList.toggle("active", index === this.active);
      row.classList.toggle("full", full && !selected);
    });
    this.control.setAttribute("aria-expanded", "true");
    this.control.setAttribute("aria-controls", this.id);
    if (this.rows.length) this.control.setAttribute("aria-activedescendant", this.rows[this.active].id);
    if (scroll) this.rows[this.active]?.scrollIntoView({ block: "nearest" });
  }

  key(event) {
    const { key } = event;
    const letter = key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey && (key !== " " || this.typing());
    if (!this.list) {
      if (key !== "ArrowDown" && key !== "ArrowUp" && !(letter && key !== " ")) return;
      this.open();
      if (!letter) return event.preventDefault();
    }
    const last = this.rows.length - 1;
    const moves = { ArrowDown: Math.min(this.active + 1, last), ArrowUp: Math.max(this.active - 1, 0), Home: 0, End: last };
    if (key in moves) this.active = Math.max(0, moves[key]);
    else if (letter) this.seek(key);
    else if (key === "Enter" || key === " ") this.pick(this.active);
    else if (key === "Escape") this.close(false);
    else if (key === "Tab") return this.close(true);
    else return;
    event.preventDefault();
    event.stopPropagation();
    if (this.list) this.mark();
  }

  typing() {
    return performance.now() - this.typedAt < TYPING_MS;
  }

  // Letters typed in a row are the start of a label; one letter again and again goes through all that begin with it.
  seek(letter) {
    this.typed = (this.typing() ? this.typed : "") + letter.toLowerCase();
    this.typedAt = performance.now();
    const same = [...this.typed].every((item) => item === this.typed[0]);
    const start = same ? this.typed[0] : this.typed;
    const from = this.active + (same ? 1 : 0);
    const { options } = this.menu;
    const order = options.map((_, index) => (from + index) % options.length);
    this.active = order.find((index) => options[index].label.toLowerCase().startsWith(start)) ?? this.active;
  }

  // A menu for several values settles when it is left, as Discord's does, if enough were chosen.
  close(settle) {
    if (!this.list) return;
    this.shut();
    const before = this.opened;
    const chosen = this.menu.chosen();
    const same = chosen.length === before.length && chosen.every((value) => before.includes(value));
    if (same) return;
    if (settle && chosen.length >= this.menu.least) this.menu.choose(this.control, chosen, true);
    else this.menu.choose(this.control, before, false);
  }

  shut() {
    this.list.remove();
    this.list = null;
    this.context.menu = null;
    this.control.setAttribute("aria-expanded", "false");
    for (const name of ["aria-controls", "aria-activedescendant"]) this.control.removeAttribute(name);
    document.removeEventListener("pointerdown", this.leave, true);
    document.removeEventListener("scroll", this.scrolled, true);
  }
}
