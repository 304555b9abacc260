import { el, icon } from "./dom.js";
import { component } from "./components.js";
import { avatar } from "./media.js";
import { defaultsOf, selectMenu } from "./select.js";

// A modal over the preview. Each input gives a reader of its value; the values go to Python by custom_id.

const ROW = 1, TEXT_INPUT = 4, TEXT_DISPLAY = 10, LABEL = 18, FILE_UPLOAD = 19, RADIO = 21, CHECKBOXES = 22, CHECKBOX = 23;
const TALLEST = 900;

export function openModal(context, modal, markdown, { submit, closed }) {
  const inputs = [];
  const drawing = { context, markdown, message: { id: `modal ${modal.id}` } };
  const heading = `modal-title-${context.view}`;
  const problem = el("div", { class: "failure", role: "alert", hidden: true });
  const send = el("button", { class: "button primary", type: "submit", text: "Submit", data: { role: "submit" } });
  const form = el(
    "form",
    { class: "modal", role: "dialog", "aria-modal": "true", "aria-labelledby": heading, data: { modal: modal.id }, novalidate: true },
    el(
      "header",
      {},
      avatar(context, context.bot(), "avatar small"),
      el("h2", { id: heading, text: modal.title ?? "" }),
      el("button", { class: "plain close", type: "button", "aria-label": "Close", on: { click: () => close() } }, icon("close")),
    ),
    el("div", { class: "modal-warning" }, icon("warning"), el("span", {}, "This form will be submitted to ", el("strong", { text: context.bot().username }), ". Do not share passwords or other sensitive information.")),
    el("div", { class: "modal-body" }, (modal.components ?? []).map((data) => part(drawing, data, inputs))),
    problem,
    el("div", { class: "modal-actions" }, el("button", { class: "button secondary", type: "button", text: "Cancel", data: { role: "cancel" }, on: { click: () => close() } }), send),
  );
  const veil = el("div", { class: "veil" }, form);
  const before = context.focused();

  function close() {
    context.menu?.close(false);
    veil.remove();
    context.root.style.minHeight = "";
    before?.focus?.();
    closed();
  }
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const wrong = inputs.map((input) => input.check()).filter(Boolean);
    if (wrong.length) return;
    problem.hidden = true;
    send.disabled = true;
    const values = Object.fromEntries(inputs.map((input) => [input.customId, input.read()]));
    const answer = await submit(values);
    send.disabled = false;
    if (answer.status !== "failed") return close();
    problem.replaceChildren(el("span", { text: "Something went wrong. Try again." }), el("span", { class: "reason", text: answer.reason ?? "" }));
    problem.hidden = false;
  });
  form.addEventListener("keydown", (event) => keys(event, form, close));
  context.root.append(veil);
  context.root.style.minHeight = `${Math.min(form.offsetHeight + 34, TALLEST)}px`;
  (form.querySelector(".modal-body input, .modal-body textarea, .modal-body .select") ?? send).focus();
  return close;
}

function keys(event, form, close) {
  if (event.key === "Escape") {
    event.stopPropagation();
    close();
  } else if (event.key === "Tab") {
    const stops = [...form.querySelectorAll("button, input, textarea, a[href]")].filter((node) => !node.disabled);
    const at = stops.indexOf(form.getRootNode().activeElement);
    const next = event.shiftKey ? at - 1 : at + 1;
    if (next < 0 || next >= stops.length) {
      event.preventDefault();
      stops.at(event.shiftKey ? -1 : 0)?.focus();
    }
  }
}

function part(drawing, data, inputs) {
  if (data.type === TEXT_DISPLAY) return component(drawing, data);
  if (data.type === ROW) return el("div", {}, (data.components ?? []).map((child) => field(drawing, { label: child.label, component: child }, inputs)));
  if (data.type === LABEL) return field(drawing, data, inputs);
  return component(drawing, data);
}

function field(drawing, data, inputs) {
  const inner = data.component ?? {};
  const wrong = el("div", { class: "field-error", role: "alert" });
  const input = { customId: inner.custom_id, check: () => false, read: () => null };
  const required = inner.required !== false;
  if (inner.type === CHECKBOX) return single(data, inner, input, inputs);
  const control = drawInput(drawing, inner, input, data.label ?? "");
  inputs.push(input);
  const find = input.check;
  input.check = () => {
    wrong.textContent = find(required) || "";
    return wrong.textContent !== "";
  };
  return el(
    "div",
    { class: "field" },
    el("div", { class: "field-label" }, el("span", { text: data.label ?? "" }), required ? el("span", { class: "required", text: "*", "aria-label": "required" }) : null),
    data.description ? el("div", { class: "field-description", text: data.description }) : null,
    control,
    wrong,
  );
}

function single(data, inner, input, inputs) {
  const box = el("input", { type: "checkbox", checked: inner.default === true, data: { customId: inner.custom_id } });
  input.read = () => box.checked;
  inputs.push(input);
  return el("label", { class: "choice field" }, box, words({ label: data.label, description: data.description }));
}

function drawInput(drawing, inner, input, label) {
  switch (inner.type) {
    case TEXT_INPUT:
      return textInput(inner, input, label);
    case RADIO:
      return group(drawing, inner, input, "radio");
    case CHECKBOXES:
      return group(drawing, inner, input, "checkbox");
    case FILE_UPLOAD:
      input.read = () => [];
      return el(
        "div",
        { class: "upload", "aria-disabled": "true", title: "Uploads are not part of this preview.", data: { customId: inner.custom_id } },
        el("span", {}, "Drop files here or ", el("span", { class: "browse", text: "browse" })),
        el("small", { text: `Upload up to ${inner.max_values ?? 1} file${(inner.max_values ?? 1) === 1 ? "" : "s"}` }),
      );
    default: {
      let values = defaultsOf(inner);
      input.read = () => values;
      input.check = (required) => required && values.length < Math.max(1, inner.min_values ?? 1) && "This field is required.";
      return selectMenu(drawing.context, required(inner), { read: () => values, write: (next) => (values = next) });
    }
  }
}

// In a modal an optional select may be emptied again.
function required(inner) {
  return inner.required === false ? { ...inner, min_values: 0 } : inner;
}

function textInput(inner, input, label) {
  const shared = { "aria-label": label, placeholder: inner.placeholder, maxlength: inner.max_length ?? 4000, data: { customId: inner.custom_id } };
  const box = inner.style === 2 ? el("textarea", { ...shared, rows: 3 }) : el("input", { ...shared, type: "text" });
  box.value = inner.value ?? "";
  input.read = () => box.value;
  input.check = (needed) => {
    if (needed && !box.value) return "This field is required.";
    if (box.value && box.value.length < (inner.min_length ?? 0)) return `Must be ${inner.min_length} or more in length.`;
    return false;
  };
  if (!inner.max_length) return box;
  const count = el("span", { class: "count" });
  const paint = () => (count.textContent = box.value ? `${box.value.length}/${inner.max_length}` : "");
  box.addEventListener("input", paint);
  paint();
  return el("div", { class: "counted" }, box, count);
}

function group(drawing, inner, input, type) {
  const name = `${drawing.context.view}-${inner.custom_id}`;
  const boxes = (inner.options ?? []).map((option) => ({
    option,
    box: el("input", { type, name, value: option.value, checked: option.default === true, data: { value: option.value } }),
  }));
  const values = () => boxes.filter(({ box }) => box.checked).map(({ option }) => option.value);
  input.read = type === "radio" ? () => values()[0] ?? null : values;
  const least = inner.min_values ?? 1;
  const most = type === "radio" ? 1 : inner.max_values ?? boxes.length;
  input.check = (needed) => {
    const count = values().length;
    if (needed && count < Math.max(1, least)) return least > 1 ? `Choose at least ${least}.` : "This field is required.";
    return count > most && `Choose at most ${most}.`;
  };
  return el("div", { class: "group", role: type === "radio" ? "radiogroup" : "group", data: { customId: inner.custom_id } }, boxes.map(({ option, box }) => el("label", { class: "choice" }, box, words(option))));
}

function words({ label, description }) {
  return el("span", { class: "words" }, el("span", { class: "name", text: label ?? "" }), description ? el("span", { class: "description", text: description }) : null);
}
