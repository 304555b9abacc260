import { color, el, icon } from "./dom.js";
import { avatar, emoji } from "./media.js";

// The select menu of messages and modals: a combobox whose list opens in the top layer, so that nothing clips it.

const STRING = 3, USER = 5, ROLE = 6, MENTIONABLE = 7, CHANNEL = 8;
const DEFAULT_PLACEHOLDER = "Make a selection";

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

// `settled` receives the values when the user has chosen; `busy` shows dots until the answer came.
export function selectMenu(context, component, { values, settled, busy = false }) {
  const options = choicesOf(context, component);
  const most = component.max_values ?? 1;
  const least = component.min_values ?? 1;
  const multiple = most > 1;
  let chosen = values.filter((value) => options.some((option) => option.value === value));
  const shown = el("span", { class: "shown" });
  const control = el(
    "button",
    {
      class: `select${busy ? " busy" : ""}`,
      type: "button",
      role: "combobox",
      "aria-haspopup": "listbox",
      "aria-expanded": "false",
      "aria-label": component.placeholder || DEFAULT_PLACEHOLDER,
      disabled: Boolean(component.disabled),
      data: { customId: component.custom_id },
    },
    shown,
    busy ? dots() : icon("chevron", "arrow"),
  );
  const paint = () => shown.replaceChildren(...summary(component, options, chosen));
  paint();
  const popup = new Popup(context, control, {
    options,
    multiple,
    most,
    least,
    chosen: () => chosen,
    choose(next, done) {
      chosen = next;
      paint();
      if (done) settled(chosen);
    },
  });
  control.addEventListener("click", () => popup.toggle());
  control.addEventListener("keydown", (event) => popup.key(event));
  return control;
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
    Object.assign(this, { context, control, menu, list: null, active: 0, opened: null });
  }

  toggle() {
    if (this.list) this.close(true);
    else this.open();
  }

  open() {
    this.opened = this.menu.chosen();
    this.list = el("div", { class: "menu", role: "listbox", popover: "manual", "aria-multiselectable": String(this.menu.multiple) });
    this.rows = this.menu.options.map((option, index) => this.row(option, index));
    if (!this.rows.length) this.list.append(el("div", { class: "menu-empty", text: "Nothing to choose from here." }));
    this.list.append(...this.rows);
    this.context.root.append(this.list);
    this.list.showPopover();
    this.place();
    this.control.setAttribute("aria-expanded", "true");
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
    this.context.closeMenu = () => this.close(false);
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
      return this.menu.choose(next, true);
    }
    if (!has && chosen.length >= this.menu.most) return;
    this.menu.choose(has ? chosen.filter((item) => item !== value) : [...chosen, value], false);
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
    if (scroll) this.rows[this.active]?.scrollIntoView({ block: "nearest" });
  }

  key(event) {
    if (!this.list) {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        this.open();
      }
      return;
    }
    const last = this.rows.length - 1;
    const moves = { ArrowDown: Math.min(this.active + 1, last), ArrowUp: Math.max(this.active - 1, 0), Home: 0, End: last };
    if (event.key in moves) this.active = moves[event.key];
    else if (event.key === "Enter" || event.key === " ") this.pick(this.active);
    else if (event.key === "Escape") {
      this.menu.choose(this.opened, false);
      this.close(false);
    } else if (event.key === "Tab") return this.close(true);
    else return;
    event.preventDefault();
    event.stopPropagation();
    if (this.list) this.mark();
  }

  // A menu for several values settles when it is left, as Discord's does, if enough were chosen.
  close(settle) {
    if (!this.list) return;
    const before = this.opened;
    this.shut();
    const chosen = this.menu.chosen();
    const same = chosen.length === before.length && chosen.every((value) => before.includes(value));
    if (same) return;
    if (settle && chosen.length >= this.menu.least) this.menu.choose(chosen, true);
    else this.menu.choose(before, false);
  }

  shut() {
    this.list.remove();
    this.list = null;
    this.context.closeMenu = null;
    this.control.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", this.leave, true);
    document.removeEventListener("scroll", this.scrolled, true);
  }
}
